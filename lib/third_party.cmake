# Third-party targets under one name each, static where Debian ships an archive and
# IMIP_STATIC_DEPS asks for it: dynamic linking alone costs more start-up than a verification.
find_library(IMIP_UNISTRING unistring REQUIRED)

function(imip_third_party name dynamic_target pkg_prefix)
  add_library(imip_tp_${name} INTERFACE)
  add_library(imip::${name} ALIAS imip_tp_${name})
  target_link_libraries(imip_tp_${name} INTERFACE ${dynamic_target})
endfunction()

imip_third_party(gmime PkgConfig::GMIME GMIME)
imip_third_party(ical PkgConfig::ICAL ICAL)
imip_third_party(icu PkgConfig::ICU ICU)
imip_third_party(crypto OpenSSL::Crypto OPENSSL)
imip_third_party(sqlite SQLite::SQLite3 SQLITE3)
imip_third_party(idn2 PkgConfig::IDN2 IDN2)
target_link_libraries(imip_tp_idn2 INTERFACE ${IMIP_UNISTRING})
