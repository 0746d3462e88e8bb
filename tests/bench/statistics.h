// The few figures that the benchmark makes of its samples.
#pragma once

#include <vector>

namespace jobexec::bench {

// The sample that `percent` (0 to 100) of all are not above (nearest rank); 0 without samples.
double Percentile(std::vector<double> samples, double percent);

// Of an even number of samples the lower one of the two in the middle; 0 without samples.
double Median(std::vector<double> samples);

}  // namespace jobexec::bench
