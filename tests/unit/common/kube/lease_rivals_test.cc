// Several candidates whose calls take any time, lose their answer or land long after they were
// given up, and machines that sleep: at no moment do two lead, and once all is well one does.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/kube/lease_candidate.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/forwarding_kube_client.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::FakeKubeClient;
using ::jobexec::testing::ForwardingKubeClient;
using Json = nlohmann::json;

constexpr unsigned kWorlds = 20;
constexpr int kRivals = 3;
constexpr absl::Duration kStep = absl::Milliseconds(100);

// One thread plays all: while a call of one candidate is under way, the others may begin theirs.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    for (int i = 0; i < kRivals; ++i) {
      rivals_.push_back(std::make_unique<Rival>(*this));
      Replace(*rivals_.back());
    }
  }

  // Lets `time` pass. Candidates that are not in a call may try meanwhile.
  void Pass(absl::Duration time) {
    const absl::Duration end = clock_.Elapsed() + time;
    while (clock_.Elapsed() < end) {
      clock_.Advance(std::min(kStep, end - clock_.Elapsed()));
      Check();
      LandLate();
      for (const auto& rival : rivals_) Move(*rival);
    }
  }

  void Heal() { healthy_ = true; }
  int Leaders() const {
    return static_cast<int>(std::count_if(rivals_.begin(), rivals_.end(), [](const auto& rival) {
      return rival->candidate->Term() != 0;
    }));
  }
  int most_leaders() const { return most_leaders_; }
  // Share of the time in which there was a leader.
  double led() const { return static_cast<double>(checks_with_leader_) / checks_; }
  int changes() const { return changes_; }

 private:
  struct Rival;

  // The API as one candidate has it.
  class Api final : public ForwardingKubeClient {
   public:
    explicit Api(World& world) : ForwardingKubeClient(world.kube_), world_(world) {}

    absl::Status Create(const Collection& collection, absl::string_view body,
                        absl::Duration timeout) override {
      return world_.Call<absl::Status>([this, collection, text = std::string(body), timeout] {
        return ForwardingKubeClient::Create(collection, text, timeout);
      });
    }
    absl::StatusOr<Json> Get(const Collection& collection, absl::string_view name,
                             absl::Duration timeout) override {
      return world_.Call<absl::StatusOr<Json>>(
          [this, collection, name = std::string(name), timeout] {
            return ForwardingKubeClient::Get(collection, name, timeout);
          });
    }
    absl::StatusOr<Json> Update(const Collection& collection, absl::string_view name,
                                const Json& object, absl::Duration timeout) override {
      return world_.Call<absl::StatusOr<Json>>(
          [this, collection, name = std::string(name), object, timeout] {
            return ForwardingKubeClient::Update(collection, name, object, timeout);
          });
    }

   private:
    World& world_;
  };

  struct Rival {
    explicit Rival(World& world) : api(world) {}
    Api api;
    std::unique_ptr<LeaseCandidate> candidate;
    bool busy = false;            // in a call
    absl::Duration next_try;      // Clock::Elapsed
    absl::Duration asleep_until;  // its machine, or its network
  };

  int Draw(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  bool Chance(int percent) { return !healthy_ && Draw(100) < percent; }
  // Mostly short, sometimes far beyond every deadline.
  absl::Duration AnyTime() {
    if (Chance(5)) return absl::Milliseconds(Draw(20'000));
    if (Chance(20)) return absl::Milliseconds(Draw(3'000));
    return absl::Milliseconds(Draw(50));
  }

  // Time passes before the call lands and before its answer arrives; either may never happen.
  template <typename Result>
  Result Call(std::function<Result()> call) {
    Pass(AnyTime());
    if (Chance(5)) return absl::UnavailableError("never arrived");
    if (Chance(5)) {
      late_.push_back({clock_.Elapsed() + AnyTime() + AnyTime(), [call] { (void)call(); }});
      return absl::DeadlineExceededError("given up, and still under way");
    }
    Result result = call();
    Pass(AnyTime());
    if (Chance(5)) return absl::DeadlineExceededError("the answer is lost");
    return result;
  }

  void Check() {
    const int leaders = Leaders();
    most_leaders_ = std::max(most_leaders_, leaders);
    ++checks_;
    if (leaders > 0) ++checks_with_leader_;
  }

  void LandLate() {
    for (size_t i = 0; i < late_.size();) {
      if (late_[i].first > clock_.Elapsed()) {
        ++i;
        continue;
      }
      const std::function<void()> land = std::move(late_[i].second);
      late_.erase(late_.begin() + static_cast<ptrdiff_t>(i));
      land();
    }
  }

  void Move(Rival& rival) {
    if (rival.busy || clock_.Elapsed() < std::max(rival.next_try, rival.asleep_until)) return;
    rival.busy = true;
    const uint64_t term = rival.candidate->Term();
    if (Chance(1)) {
      (void)rival.candidate->Release();
      Check();
      Replace(rival);
    } else if (Chance(1)) {
      Replace(rival);  // killed, and started anew
    } else {
      if (Chance(2)) rival.asleep_until = clock_.Elapsed() + absl::Milliseconds(Draw(30'000));
      (void)rival.candidate->Try(!Chance(10));
      if (rival.candidate->Term() != term) ++changes_;
      Check();
    }
    rival.next_try = clock_.Elapsed() + rival.candidate->Pause();
    rival.busy = false;
  }

  void Replace(Rival& rival) {
    rival.candidate = std::make_unique<LeaseCandidate>(
        LeaseOptions{
            .name_space = "ns", .name = "lease", .holder = absl::StrCat("life-", ++lives_)},
        rival.api, clock_);
  }

  std::mt19937 random_;
  FakeClock clock_;
  FakeKubeClient kube_{clock_};
  std::vector<std::unique_ptr<Rival>> rivals_;
  std::vector<std::pair<absl::Duration, std::function<void()>>> late_;
  bool healthy_ = false;
  int lives_ = 0;
  int changes_ = 0;
  int most_leaders_ = 0;
  int checks_ = 0;
  int checks_with_leader_ = 0;
};

TEST(LeaseRivals, NeverTwoLeadAndOneDoesWhenAllIsWell) {
  int changes = 0;
  double led = 0;
  for (unsigned seed = 1; seed <= kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    world.Pass(absl::Minutes(10));
    world.Heal();
    world.Pass(absl::Minutes(1));
    EXPECT_EQ(world.Leaders(), 1);
    EXPECT_EQ(world.most_leaders(), 1);
    changes += world.changes();
    led += world.led() / kWorlds;
  }
  EXPECT_GT(changes, 500) << "too quiet a world proves nothing";
  EXPECT_GT(led, 0.3) << "nor does too wild a one";
}

}  // namespace
}  // namespace jobexec::kube
