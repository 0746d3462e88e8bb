#include "tests/bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace jobexec::bench {

double Percentile(std::vector<double> samples, double percent) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const double rank = std::ceil(percent / 100 * static_cast<double>(samples.size()));
  return samples[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

double Median(std::vector<double> samples) { return Percentile(std::move(samples), 50); }

}  // namespace jobexec::bench
