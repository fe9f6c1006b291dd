// Runs a fuzz target over files and all below folders: a target's seeds and findings.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "testing/fuzz.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& given)
{
  std::vector<fs::path> out;
  if (!fs::is_directory(given)) return {given};
  for (const auto& entry : fs::recursive_directory_iterator(given))
    if (entry.is_regular_file()) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

int main(int argc, char** argv)
{
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& path : files_of(argv[i])) {
      std::ifstream in(path, std::ios::binary);
      const std::string octets{std::istreambuf_iterator<char>(in), {}};
      if (!in.good() && !in.eof()) {
        std::cerr << path << ": cannot be read\n";
        return 1;
      }
      std::cerr << path.string() << std::endl;  // known when it crashes
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
      ++count;
    }
  }
  std::cerr << count << " inputs\n";
  return count == 0 ? 1 : 0;
}
