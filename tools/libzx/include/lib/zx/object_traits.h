// SPDX-License-Identifier: MIT
/*
 * What may be done with an object of a type: what may not does not compile.
 */
#ifndef LIB_ZX_OBJECT_TRAITS_H_
#define LIB_ZX_OBJECT_TRAITS_H_

namespace zx {

class eventpair;
class exception;
class job;
class pmt;
class port;
class process;
class resource;
class thread;
class vmar;

/* Of events, VMOs, streams, and of a zx::handle, which may be of anything. */
template <typename T>
struct object_traits {
	static constexpr bool supports_duplication = true;
	static constexpr bool supports_get_child = false;
	static constexpr bool supports_set_profile = false;
	static constexpr bool supports_user_signal = true;
	static constexpr bool supports_wait = true;
	static constexpr bool supports_kill = false;
	static constexpr bool has_peer_handle = false;
};

namespace internal {

/* For those that differ in a few. */
struct plain_traits : object_traits<void> {};

struct parent_traits : plain_traits {
	static constexpr bool supports_get_child = true;
};

struct unsignaled_traits : plain_traits {
	static constexpr bool supports_user_signal = false;
	static constexpr bool supports_wait = false;
};

} // namespace internal

template <>
struct object_traits<eventpair> : internal::plain_traits {
	static constexpr bool has_peer_handle = true;
};

template <>
struct object_traits<port> : internal::unsignaled_traits {};

template <>
struct object_traits<vmar> : internal::unsignaled_traits {
	static constexpr bool supports_set_profile = true;
};

template <>
struct object_traits<job> : internal::parent_traits {};

template <>
struct object_traits<process> : internal::parent_traits {};

template <>
struct object_traits<resource> : internal::parent_traits {};

template <>
struct object_traits<thread> : internal::plain_traits {
	static constexpr bool supports_set_profile = true;
};

template <>
struct object_traits<exception> : internal::unsignaled_traits {
	static constexpr bool supports_duplication = false;
};

template <>
struct object_traits<pmt> : internal::unsignaled_traits {
	static constexpr bool supports_duplication = false;
};

} // namespace zx

#endif // LIB_ZX_OBJECT_TRAITS_H_
