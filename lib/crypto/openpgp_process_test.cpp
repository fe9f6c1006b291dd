// The process that gpg is.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "crypto/openpgp_fixture.hpp"

namespace imip::crypto::fixture {
namespace {

// What limits whoever is forked, and whoever forks.
struct SeenLimits {
  pid_t us = ::getpid();
  std::atomic<rlim_t> child{0}, parent{0};
};
SeenLimits* seen_limits = nullptr;  // in memory that both share

rlim_t address_space()
{
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  return limit.rlim_cur;
}

}  // namespace

TEST_CASE("gpg may take so much memory, and our other threads what they need meanwhile")
{
  const std::string armour = people().senders.sign(octets, people().boss);
  check_valid(verify_pgp(armour), "boss@example.com");
  void* shared = ::mmap(nullptr, sizeof(SeenLimits), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  seen_limits = new (shared) SeenLimits;
  const auto after_fork = [] {  // GPGME's child forks too
    (::getpid() == seen_limits->us ? seen_limits->parent : seen_limits->child) = address_space();
  };
  REQUIRE(::pthread_atfork(nullptr, after_fork, after_fork) == 0);
  const rlim_t before = address_space();
  check_valid(verify_pgp(armour), "boss@example.com");
  CHECK(seen_limits->parent == before);
  CHECK(seen_limits->child > 0);
  CHECK((before == RLIM_INFINITY ? seen_limits->child < before : seen_limits->child <= before));
}

}  // namespace imip::crypto::fixture
