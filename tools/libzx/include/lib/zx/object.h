// SPDX-License-Identifier: MIT
/*
 * Who has a handle: zx::object<T> owns it and closes it in the end, zx::unowned<T> only looks.
 */
#ifndef LIB_ZX_OBJECT_H_
#define LIB_ZX_OBJECT_H_

#include <type_traits>

#include <lib/zx/object_traits.h>
#include <lib/zx/time.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/unsupported.h>
#include <zircon/types.h>

namespace zx {

template <typename T>
class unowned;

/* A handle of whatever type; what can be done with each. */
class object_base {
public:
	object_base(const object_base &) = delete;
	object_base &operator=(const object_base &) = delete;

	/* Closes what it has, and takes another. */
	void reset(zx_handle_t value = ZX_HANDLE_INVALID)
	{
		if (is_valid())
			zx_handle_close(value_);
		value_ = value;
	}

	/* For a call that returns a handle by a pointer. */
	zx_handle_t *reset_and_get_address()
	{
		reset();
		return &value_;
	}

	/* The handle, which is the caller's from here on. */
	[[nodiscard]] zx_handle_t release()
	{
		const zx_handle_t value = value_;

		value_ = ZX_HANDLE_INVALID;
		return value;
	}

	zx_handle_t get() const { return value_; }
	bool is_valid() const { return value_ != ZX_HANDLE_INVALID; }
	explicit operator bool() const { return is_valid(); }

	zx_status_t get_info(uint32_t topic, void *buffer, size_t buffer_size,
			     size_t *actual_count, size_t *avail_count) const
	{
		return zx_object_get_info(value_, topic, buffer, buffer_size, actual_count,
					  avail_count);
	}

	zx_status_t get_property(uint32_t property, void *value, size_t size) const
	{
		return zx_object_get_property(value_, property, value, size);
	}

	zx_status_t set_property(uint32_t property, const void *value, size_t size) const
	{
		return zx_object_set_property(value_, property, value, size);
	}

protected:
	constexpr object_base() = default;
	explicit object_base(zx_handle_t value) : value_(value) {}
	~object_base() { reset(); }

private:
	zx_handle_t value_ = ZX_HANDLE_INVALID;
};

/* A handle of a type; T is the class that is derived from it, and void for zx::handle. */
template <typename T>
class object : public object_base {
public:
	constexpr object() = default;
	explicit object(zx_handle_t value) : object_base(value) {}
	object(object &&other) noexcept : object_base(other.release()) {}

	/* Any handle becomes a zx::handle. */
	template <typename U,
		  typename = std::enable_if_t<std::is_void_v<T> && !std::is_void_v<U>>>
	object(object<U> &&other) noexcept : object_base(other.release())
	{
	}

	object &operator=(object &&other) noexcept
	{
		reset(other.release());
		return *this;
	}

	void swap(object &other)
	{
		const zx_handle_t value = other.release();

		other.reset(release());
		reset(value);
	}

	/* One that does not own it. */
	unowned<T> borrow() const { return unowned<T>(get()); }

	zx_status_t duplicate(zx_rights_t rights, object *result) const
	{
		static_assert(object_traits<T>::supports_duplication,
			      "this type of object has no second handle");
		object made;
		const zx_status_t status =
			zx_handle_duplicate(get(), rights, made.reset_and_get_address());

		*result = static_cast<object &&>(made);
		return status;
	}

	/* It has no handle afterwards, also if there is none in result. */
	zx_status_t replace(zx_rights_t rights, object *result)
	{
		object made;
		const zx_status_t status =
			zx_handle_replace(release(), rights, made.reset_and_get_address());

		*result = static_cast<object &&>(made);
		return status;
	}

	zx_status_t wait_one(zx_signals_t signals, zx::time deadline,
			     zx_signals_t *pending) const
	{
		static_assert(object_traits<T>::supports_wait,
			      "this type of object cannot be waited for");
		return zx_object_wait_one(get(), signals, deadline.get(), pending);
	}

	zx_status_t wait_async(const object<port> &port, uint64_t key, zx_signals_t signals,
			       uint32_t options) const
	{
		static_assert(object_traits<T>::supports_wait,
			      "this type of object cannot be waited for");
		return zx_object_wait_async(get(), port.get(), key, signals, options);
	}

	static zx_status_t wait_many(zx_wait_item_t *wait_items, uint32_t count,
				     zx::time deadline)
	{
		static_assert(object_traits<T>::supports_wait,
			      "this type of object cannot be waited for");
		return zx_object_wait_many(wait_items, count, deadline.get());
	}

	zx_status_t get_child(uint64_t koid, zx_rights_t rights, object<void> *result) const
	{
		static_assert(object_traits<T>::supports_get_child,
			      "nothing belongs to this type of object");
		return zx_object_get_child(get(), koid, rights,
					   result->reset_and_get_address());
	}

	zx_status_t set_profile(const object_base &profile, uint32_t options) const
	{
		static_assert(object_traits<T>::supports_set_profile,
			      "this type of object is not scheduled");
		return zx_object_set_profile(get(), profile.get(), options);
	}

	zx_status_t signal(uint32_t clear_mask, uint32_t set_mask) const
	{
		static_assert(object_traits<T>::supports_user_signal,
			      "this type of object has no signals of programs");
		return zx_object_signal(get(), clear_mask, set_mask);
	}

	zx_status_t signal_peer(uint32_t clear_mask, uint32_t set_mask) const
	{
		static_assert(object_traits<T>::supports_user_signal,
			      "this type of object has no signals of programs");
		static_assert(object_traits<T>::has_peer_handle,
			      "this type of object has no peer");
		return zx_object_signal_peer(get(), clear_mask, set_mask);
	}
};

/* Is used as a pointer to an object, and leaves its handle open. */
template <typename T>
class unowned final {
public:
	constexpr unowned() = default;
	explicit unowned(zx_handle_t value) : value_(value) {}
	explicit unowned(const T &owner) : unowned(owner.get()) {}
	unowned(const unowned &other) : unowned(other->get()) {}
	unowned(unowned &&other) noexcept = default;
	~unowned() { forget(); }

	unowned &operator=(const unowned &other)
	{
		if (this != &other)
			*this = unowned(other);
		return *this;
	}

	unowned &operator=(unowned &&other) noexcept
	{
		const zx_handle_t value = other.value_.release();

		forget();
		value_.reset(value);
		return *this;
	}

	const T &operator*() const { return value_; }
	const T *operator->() const { return &value_; }

private:
	void forget() { static_cast<void>(value_.release()); }

	T value_;
};

/* Handles are compared as numbers, those of one type, and any with a zx_handle_t. */
#define ZX_COMPARE_HANDLES(op)							\
	template <typename T>							\
	bool operator op(const object<T> &a, const object<T> &b)		\
	{									\
		return a.get() op b.get();					\
	}									\
	template <typename T>							\
	bool operator op(const object<T> &a, zx_handle_t b)			\
	{									\
		return a.get() op b;						\
	}									\
	template <typename T>							\
	bool operator op(zx_handle_t a, const object<T> &b)			\
	{									\
		return a op b.get();						\
	}									\
	template <typename T>							\
	bool operator op(const unowned<T> &a, const unowned<T> &b)		\
	{									\
		return a->get() op b->get();					\
	}									\
	template <typename T>							\
	bool operator op(const unowned<T> &a, zx_handle_t b)			\
	{									\
		return a->get() op b;						\
	}									\
	template <typename T>							\
	bool operator op(zx_handle_t a, const unowned<T> &b)			\
	{									\
		return a op b->get();						\
	}

ZX_COMPARE_HANDLES(==)
ZX_COMPARE_HANDLES(!=)
ZX_COMPARE_HANDLES(<)
ZX_COMPARE_HANDLES(<=)
ZX_COMPARE_HANDLES(>)
ZX_COMPARE_HANDLES(>=)
#undef ZX_COMPARE_HANDLES

} // namespace zx

#endif // LIB_ZX_OBJECT_H_
