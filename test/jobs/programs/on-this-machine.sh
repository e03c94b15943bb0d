#!/bin/sh
# Stands in for ssh: HOST COMMAND…, run on this machine. A host whose name begins with bare has no addon.
host=$1
shift
case $host in
bare*) export TSMPI_NO_ADDON=1 ;;
esac
exec sh -c "$*"
