# imip
