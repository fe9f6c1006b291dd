#include "base/file_error.hpp"

#include <cerrno>

#include "base/cat.hpp"
#include "base/posix.hpp"

namespace imip {

namespace {

std::string read_hint(std::string_view name, int number)
{
  if (number == ENOENT)
    return name.starts_with('/') ? "check the name" : "check the name, and the folder that you are in";
  if (number == EACCES || number == EPERM)
    return "check the owner and mode of it and of the folders above it";
  if (number == EISDIR) return "name a file in it";
  return {};
}

std::string write_hint(int number)
{
  if (number == EACCES || number == EPERM) return "check the owner and mode of the folder";
  if (number == EROFS) return "the file system is mounted read-only";
  if (number == ENOENT) return "make the folder first";
  if (number == ENOSPC || number == EDQUOT) return "free some space and try again";
  if (number == EISDIR) return "name a file in it";
  return {};
}

}  // namespace

std::string file_hint(std::string_view name, int number, FileUse use)
{
  if (number == ENOTDIR) return "a part of its path is a file, and no folder";
  if (number == ELOOP) return "symbolic links lead in a circle";
  return use == FileUse::Read ? read_hint(name, number) : write_hint(number);
}

tl::unexpected<Error> file_error(Errc code, std::string_view name, int number, FileUse use)
{
  return err(code, cat(name, ": ", errno_text(number)), file_hint(name, number, use));
}

}  // namespace imip
