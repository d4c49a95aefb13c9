// Objects of OpenSSL that free themselves. Internal to libs/rpc.
#pragma once

#include <memory>

namespace polku::rpc {

template <class T, auto Free>
struct OpensslFree {
  void operator()(T* object) const { Free(object); }
};
// OpensslPtr<BIGNUM, BN_free>
template <class T, auto Free>
using OpensslPtr = std::unique_ptr<T, OpensslFree<T, Free>>;

}  // namespace polku::rpc
