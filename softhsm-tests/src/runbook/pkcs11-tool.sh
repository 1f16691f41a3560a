case " $* " in
  *" --init-pin "*) exec /usr/bin/pkcs11-tool "$@" --so-pin "$SO_PIN" --new-pin "$PIN" ;;
  *) exec /usr/bin/pkcs11-tool "$@" --pin "$PIN" ;;
esac
