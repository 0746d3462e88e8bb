// The configuration store as a directory: project/[stage/[service/]]path.
//
// For a mounted ConfigMap or a git checkout. Names that start with ".." (the links that a ConfigMap
// mount is made of) and ".git" are not listed. The directory has one version: commits are ignored.
#pragma once

#include <memory>
#include <string>

#include "common/resources/resource_store.h"

namespace jobexec::resources {

// Reads below `root` on every call, so changed files count from the next event on. Links that lead
// out of `root` are answered with INVALID_ARGUMENT.
std::unique_ptr<Store> MakeDirectoryStore(std::string root);

}  // namespace jobexec::resources
