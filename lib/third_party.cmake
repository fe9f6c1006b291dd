# Third-party targets under one name each. Under IMIP_STATIC_DEPS they are archives wherever Debian
# ships one, because finding and binding shared libraries costs more than verifying a message does;
# the C library stays shared (OpenSSL loads its legacy provider, and the user database its modules).
find_library(IMIP_UNISTRING unistring REQUIRED)

# All archives are one group: they need each other in circles, and the linker takes what is used.
if(IMIP_STATIC_DEPS)
  set(archives)
  foreach(name gmime-3.0 gobject-2.0 glib-2.0 gpgme assuan gpg-error ffi pcre2-8 ical icalss
               icalvcal icui18n icuuc icudata crypto sqlite3 idn2 unistring z)
    find_library(IMIP_ARCHIVE_${name} NAMES lib${name}.a REQUIRED)
    list(APPEND archives ${IMIP_ARCHIVE_${name}})
  endforeach()
  list(JOIN archives "," group)
  # GMime has one class of streams over GIO, which nobody here uses, and g_mime_init() registers it.
  # This stands in for it (-u: before the linker comes to GMime's own) and GIO stays out: with libmount, which has no archive, it would be half
  # of our start-up.
  file(CONFIGURE OUTPUT no_gio.c @ONLY CONTENT
    "unsigned long g_mime_stream_gio_get_type(void);\nunsigned long g_mime_stream_gio_get_type(void) { return 0; }\n")
  add_library(imip_no_gio STATIC ${CMAKE_CURRENT_BINARY_DIR}/no_gio.c)
  find_package(Threads REQUIRED)
  add_library(imip_archives INTERFACE)
  target_link_libraries(imip_archives INTERFACE imip_no_gio
    "$<LINK_GROUP:RESCAN,${group}>" Threads::Threads ${CMAKE_DL_LIBS} m)
  target_link_options(imip_archives INTERFACE -static-libstdc++ -static-libgcc
    LINKER:-u,g_mime_stream_gio_get_type LINKER:--gc-sections LINKER:--as-needed LINKER:-O1 LINKER:-z,relro LINKER:-z,now
    LINKER:-z,pack-relative-relocs)
endif()

# imip_third_party(NAME target...): imip::NAME. The archives take the headers' folders and the
# compile options from the shared targets.
function(imip_third_party name)
  add_library(imip_tp_${name} INTERFACE)
  add_library(imip::${name} ALIAS imip_tp_${name})
  if(NOT IMIP_STATIC_DEPS)
    target_link_libraries(imip_tp_${name} INTERFACE ${ARGN})
    return()
  endif()
  target_link_libraries(imip_tp_${name} INTERFACE imip_archives)
  foreach(shared IN LISTS ARGN)
    if(TARGET ${shared})
      target_include_directories(imip_tp_${name} SYSTEM INTERFACE
        $<TARGET_PROPERTY:${shared},INTERFACE_INCLUDE_DIRECTORIES>)
      target_compile_options(imip_tp_${name} INTERFACE
        $<TARGET_PROPERTY:${shared},INTERFACE_COMPILE_OPTIONS>)
    endif()
  endforeach()
endfunction()

if(IMIP_FUZZ AND IMIP_FUZZ_SOURCES)
  include(fuzz_libraries.cmake)
  imip_third_party(gmime imip_fuzz_gmime)
  imip_third_party(ical imip_fuzz_ical)
else()
  imip_third_party(gmime PkgConfig::GMIME)
  imip_third_party(ical PkgConfig::ICAL)
endif()
imip_third_party(icu PkgConfig::ICU)
imip_third_party(crypto OpenSSL::Crypto)
imip_third_party(gpgme PkgConfig::GPGME)
imip_third_party(assuan PkgConfig::ASSUAN)
imip_third_party(zlib ZLIB::ZLIB)
imip_third_party(sqlite SQLite::SQLite3)
imip_third_party(idn2 PkgConfig::IDN2 ${IMIP_UNISTRING})
