// Certificates for tests, made while the test runs.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace jobexec::testing {

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

// An authority that signs for itself, and a certificate for 127.0.0.1 (server and client use) that
// it signed. P-256 keys, valid for a day from an hour ago.
KeyPair MakeAuthority(absl::string_view common_name);
KeyPair MakeCertificate(const KeyPair& authority, absl::string_view common_name);

struct ServerTls {
  KeyPair identity;
  std::string client_ca_pem;  // empty: no certificate is wanted from clients
};

}  // namespace jobexec::testing
