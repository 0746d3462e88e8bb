#include "tests/support/tls_material.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>

namespace jobexec::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

void Check(bool ok) {
  if (!ok) abort();
}

std::string Drain(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

Bio MemoryBio() { return Bio(BIO_new(BIO_s_mem()), &BIO_free_all); }
Bio MemoryBio(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free_all);
}

KeyPair ToPem(const Certificate& certificate, const Key& key) {
  KeyPair pair;
  const Bio certificate_bio = MemoryBio();
  Check(PEM_write_bio_X509(certificate_bio.get(), certificate.get()) == 1);
  pair.certificate_pem = Drain(certificate_bio);
  const Bio key_bio = MemoryBio();
  Check(PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
        1);
  pair.key_pem = Drain(key_bio);
  return pair;
}

void AddExtension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  Check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Certificate NewCertificate(const Key& key, absl::string_view common_name) {
  Certificate certificate(X509_new(), &X509_free);
  Check(certificate != nullptr && X509_set_version(certificate.get(), 2) == 1);
  uint32_t serial = 0;
  Check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1);
  Check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial) == 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24L * 3600);
  Check(X509_set_pubkey(certificate.get(), key.get()) == 1);
  const std::string name(common_name);
  Check(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                   0) == 1);
  return certificate;
}

}  // namespace

KeyPair MakeAuthority(absl::string_view common_name) {
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate certificate = NewCertificate(key, common_name);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  Check(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  return ToPem(certificate, key);
}

KeyPair MakeCertificate(const KeyPair& authority, absl::string_view common_name) {
  const Key issuer_key(
      PEM_read_bio_PrivateKey(MemoryBio(authority.key_pem).get(), nullptr, nullptr, nullptr),
      &EVP_PKEY_free);
  const Certificate issuer(
      PEM_read_bio_X509(MemoryBio(authority.certificate_pem).get(), nullptr, nullptr, nullptr),
      &X509_free);
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate certificate = NewCertificate(key, common_name);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
  AddExtension(certificate.get(), NID_subject_alt_name, "IP:127.0.0.1");
  AddExtension(certificate.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  Check(X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) > 0);
  return ToPem(certificate, key);
}

}  // namespace jobexec::testing
