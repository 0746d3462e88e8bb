// Takes TLS connections and hands their bytes to a plain port of this process, as an ingress does.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/support/tls_material.h"

namespace jobexec::test_keptn {

// Thread-safe. Cuts all connections when destroyed.
class TlsListener {
 public:
  virtual ~TlsListener() = default;

  // Listens on `address`:`port` (0: any) with the certificate; a connection ends when its
  // counterpart on 127.0.0.1:`plain_port` does. UNAVAILABLE: the port cannot be bound.
  // INVALID_ARGUMENT: the certificate or the key is unusable.
  static absl::StatusOr<std::unique_ptr<TlsListener>> Start(const std::string& address, int port,
                                                            const testing::KeyPair& identity,
                                                            int plain_port);

  virtual int port() const = 0;
};

}  // namespace jobexec::test_keptn
