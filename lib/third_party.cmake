# Third-party targets under one name each. Under IMIP_STATIC_DEPS they are archives wherever Debian
# ships one, because finding and binding shared libraries costs more than verifying a message does;
# the C library stays shared (OpenSSL loads its legacy provider, and the user database its modules).
find_library(IMIP_UNISTRING unistring REQUIRED)

# All archives are one group: they need each other in circles, and the linker takes what is used.
if(IMIP_STATIC_DEPS)
  set(archives)
  foreach(name gmime-3.0 gio-2.0 gmodule-2.0 gobject-2.0 glib-2.0 gpgme assuan gpg-error ffi
               pcre2-8 selinux sepol blkid ical icalss icalvcal icui18n icuuc icudata crypto
               sqlite3 idn2 unistring z)
    find_library(IMIP_ARCHIVE_${name} NAMES lib${name}.a REQUIRED)
    list(APPEND archives ${IMIP_ARCHIVE_${name}})
  endforeach()
  # libmount has no archive, and with what it needs it would be half of our start-up. GIO alone
  # uses it, for lists of mounted file systems, which nobody here asks for: they are empty. Should
  # GIO come to need more of it, the shared library follows below.
  find_library(IMIP_MOUNT mount REQUIRED)
  set(stubs "")
  foreach(function free_iter free_table fs_get_fstype fs_get_options fs_get_root fs_get_source
                   fs_get_target fs_strdup_options get_builtin_optmap get_fstab_path
                   has_regular_mtab new_iter new_table optstr_get_flags table_next_fs)
    string(APPEND stubs "void* mnt_${function}(void);\nvoid* mnt_${function}(void) { return 0; }\n")
  endforeach()
  foreach(function table_parse_fstab table_parse_mtab)
    string(APPEND stubs "int mnt_${function}(void);\nint mnt_${function}(void) { return -1; }\n")
  endforeach()
  file(CONFIGURE OUTPUT no_mounts.c CONTENT "${stubs}" @ONLY)
  add_library(imip_no_mounts STATIC ${CMAKE_CURRENT_BINARY_DIR}/no_mounts.c)
  find_package(Threads REQUIRED)
  add_library(imip_archives INTERFACE)
  list(JOIN archives "," group)
  target_link_libraries(imip_archives INTERFACE "$<LINK_GROUP:RESCAN,${group}>"
    imip_no_mounts ${IMIP_MOUNT} Threads::Threads ${CMAKE_DL_LIBS} m)
  target_link_options(imip_archives INTERFACE -static-libstdc++ -static-libgcc
    LINKER:--gc-sections LINKER:--as-needed LINKER:-O1 LINKER:-z,relro LINKER:-z,now
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

imip_third_party(gmime PkgConfig::GMIME)
imip_third_party(ical PkgConfig::ICAL)
imip_third_party(icu PkgConfig::ICU)
imip_third_party(crypto OpenSSL::Crypto)
imip_third_party(sqlite SQLite::SQLite3)
imip_third_party(idn2 PkgConfig::IDN2 ${IMIP_UNISTRING})
