#!/usr/bin/env bash
# Makes the certificates and keys of this folder anew; README.md says what each is for. Needs OpenSSL 3, nothing else.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
password=123456
first_day=20200101000000Z
last_day=21260101000000Z

# All is made here and moved at the end, so that a failure leaves the folder as it was.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > openssl.cnf <<'CONFIG'
[req]
distinguished_name = any_name
[any_name]
commonName = Name
[ca]
default_ca = test_ca
[test_ca]
database       = issued.txt
new_certs_dir  = .
rand_serial    = yes
default_md     = sha256
unique_subject = no
policy         = any_policy
[any_policy]
commonName = supplied
CONFIG
: > issued.txt

# quietly COMMAND...: shows what a command has to say only if it fails.
quietly() {
  "$@" > log.txt 2>&1 || {
    cat log.txt >&2
    return 1
  }
}

# key NAME [ALGORITHM OPTION]: a private key, on the curve P-256 unless said otherwise.
key() {
  quietly openssl genpkey -algorithm "${2:-EC}" -pkeyopt "${3:-ec_paramgen_curve:P-256}" -out "$1-key.pem"
}

# encrypted FROM TO: the same key under the password.
encrypted() {
  openssl pkcs8 -topk8 -v2 aes-256-cbc -in "$1" -out "$2" -passout "pass:$password"
}

# certificate NAME ISSUER COMMON_NAME EXTENSIONS [END]: for the key NAME-key.pem; an issuer `-` signs with that key.
certificate() {
  local name=$1 issuer=$2 common_name=$3 extensions=$4 end=${5:-$last_day}
  local signer=(-cert "$issuer.pem" -keyfile "$issuer-key.pem")
  if [ "$issuer" = - ]; then signer=(-selfsign -keyfile "$name-key.pem"); fi
  printf '%s\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' "$extensions" > extensions.cnf
  quietly openssl req -new -config openssl.cnf -key "$name-key.pem" -subj "/CN=$common_name" -out request.pem
  quietly openssl ca -batch -notext -config openssl.cnf "${signer[@]}" -in request.pem -out "$name.pem" \
    -extfile extensions.cnf -startdate "$first_day" -enddate "$end"
}

authority=$'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign'
client=$'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth'

# server ALTERNATIVE_NAMES: extensions of a server's certificate.
server() {
  printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature,keyEncipherment \
    extendedKeyUsage=serverAuth "subjectAltName=$1"
}
here=DNS:localhost,IP:127.0.0.1

key ca
certificate ca - 'hpsocket-rx test CA' "$authority"
key other-ca
certificate other-ca - 'hpsocket-rx other test CA' "$authority"

key server
certificate server ca localhost "$(server DNS:localhost,DNS:server.test,IP:127.0.0.1,IP:::1)"
encrypted server-key.pem server-key-encrypted.pem
key client
certificate client ca client "$client"
encrypted client-key.pem client-encrypted-key.pem
key rsa RSA rsa_keygen_bits:2048
certificate rsa ca localhost "$(server "$here")"

key other-server
certificate other-server other-ca localhost "$(server "$here")"
key other-client
certificate other-client other-ca 'other client' "$client"

key wrong-host
certificate wrong-host ca elsewhere.test "$(server DNS:elsewhere.test)"
key expired
certificate expired ca localhost "$(server "$here")" 20210101000000Z
key self-signed
certificate self-signed - localhost "$(server "$here")"

key example
certificate example ca example.org "$(server DNS:example.org)"
key wildcard
certificate wildcard ca '*.example.org' "$(server 'DNS:*.example.org')"

key intermediate
certificate intermediate ca 'hpsocket-rx test intermediate CA' "${authority/CA:TRUE/CA:TRUE,pathlen:0}"
key chain
certificate chain intermediate localhost "$(server "$here")"
cat intermediate.pem >> chain.pem

# Only these stay; what signs nothing more, such as the key of the other CA, is thrown away.
kept=(ca server client rsa other-server other-client wrong-host expired self-signed example wildcard chain)
rm -f "$folder"/*.pem
for name in "${kept[@]}"; do mv "$name.pem" "$name-key.pem" "$folder"; done
mv other-ca.pem server-key-encrypted.pem client-encrypted-key.pem "$folder"
chmod 644 "$folder"/*.pem
echo "made $(ls "$folder"/*.pem | wc -l) files in $folder, valid until ${last_day:0:4}"
