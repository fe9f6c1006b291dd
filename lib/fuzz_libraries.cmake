# GMime and libical from their sources (IMIP_FUZZ_SOURCES, see ./dev fuzz), so that a fuzzer learns where
# its inputs get to in them: Debian's libraries tell nothing. Headers stay those of the packages, whose
# version the sources are of.
include(ExternalProject)
set(IMIP_FUZZ_LIBRARY_FLAGS -O1 -g1 -w -fsanitize=fuzzer-no-link -fno-omit-frame-pointer)
if(IMIP_SANITIZE MATCHES "address")
  list(APPEND IMIP_FUZZ_LIBRARY_FLAGS -fsanitize=address)
endif()

# GMime's own build wants autotools; what it finds out is the same on every Debian.
function(imip_instrumented_gmime folder)
  file(GLOB sources ${folder}/gmime/*.c ${folder}/util/*.c)
  list(FILTER sources EXCLUDE REGEX "/(gen-table|charset-map)\\.c$")  # programs
  set(made ${CMAKE_CURRENT_BINARY_DIR}/gmime)
  file(WRITE ${made}/config.h "#define ENABLE_CRYPTO 1\n#define HAVE_SYS_MMAN_H 1\n#define HAVE_MMAP 1
#define HAVE_MUNMAP 1\n#define HAVE_MSYNC 1\n#define HAVE_FSYNC 1\n#define HAVE_CODESET 1\n#define HAVE_TIMEZONE 1
#define HAVE_SYS_PARAM_H 1\n#define HAVE_NETDB_H 1\n#define HAVE_GETHOSTNAME 1\n#define HAVE_GETADDRINFO 1
#define HAVE_ICONV_DETECT_H 1\n")
  file(WRITE ${made}/iconv-detect.h "#define ICONV_ISO_INT_FORMAT \"iso-%u-%u\"\n#define ICONV_ISO_STR_FORMAT \"iso-%u-%s\"
#define ICONV_SHIFT_JIS \"shift-jis\"\n#define ICONV_10646 \"iso-10646\"\n")
  add_library(imip_fuzz_gmime STATIC ${sources})
  target_compile_definitions(imip_fuzz_gmime PRIVATE HAVE_CONFIG_H G_LOG_DOMAIN="gmime")
  target_compile_options(imip_fuzz_gmime PRIVATE ${IMIP_FUZZ_LIBRARY_FLAGS})
  target_include_directories(imip_fuzz_gmime PRIVATE ${made} ${folder} ${folder}/gmime ${folder}/util)
  pkg_check_modules(GIO REQUIRED IMPORTED_TARGET gio-2.0)
  target_link_libraries(imip_fuzz_gmime PUBLIC PkgConfig::GMIME PkgConfig::GIO PkgConfig::GPGME
    PkgConfig::IDN2 ZLIB::ZLIB)
endfunction()

function(imip_instrumented_ical folder)
  list(JOIN IMIP_FUZZ_LIBRARY_FLAGS " " flags)
  set(archive ${CMAKE_CURRENT_BINARY_DIR}/libical/lib/libical.a)
  ExternalProject_Add(imip_fuzz_ical_build SOURCE_DIR ${folder} BINARY_DIR ${CMAKE_CURRENT_BINARY_DIR}/libical
    CMAKE_ARGS -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
      -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=${flags} -DSTATIC_ONLY=ON -DICAL_GLIB=OFF
      -DICAL_BUILD_DOCS=OFF -DWITH_CXX_BINDINGS=OFF -DLIBICAL_BUILD_TESTING=OFF -Wno-dev
    BUILD_COMMAND ${CMAKE_COMMAND} --build . --target ical
    BUILD_BYPRODUCTS ${archive} INSTALL_COMMAND "" LOG_CONFIGURE ON LOG_BUILD ON)
  add_library(imip_fuzz_ical INTERFACE)
  add_dependencies(imip_fuzz_ical imip_fuzz_ical_build)
  target_link_libraries(imip_fuzz_ical INTERFACE ${archive} PkgConfig::ICAL PkgConfig::ICU)
endfunction()

file(GLOB gmime_folder ${IMIP_FUZZ_SOURCES}/gmime-*/gmime.pc.in)
file(GLOB ical_folder ${IMIP_FUZZ_SOURCES}/libical-*/libical.pc.in)
if(NOT gmime_folder OR NOT ical_folder)
  message(FATAL_ERROR "${IMIP_FUZZ_SOURCES} does not hold the sources of GMime and libical")
endif()
cmake_path(GET gmime_folder PARENT_PATH gmime_folder)
cmake_path(GET ical_folder PARENT_PATH ical_folder)
imip_instrumented_gmime(${gmime_folder})
imip_instrumented_ical(${ical_folder})
