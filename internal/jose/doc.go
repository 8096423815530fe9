// Package jose has the few JOSE operations of this module, and is the only importer of
// github.com/lestrrat-go/jwx.
//
// jwx v2 does three things here: it converts a JSON Web Key of fixed members to a Go public key,
// computes thumbprints (package jwk), and verifies signatures over bytes (package jws, the bare
// Verifier). Signing calls the key directly, without jwx. This package implements the other steps
// in which a mistake could accept a wrong token: it splits the compact form, reads key sets with
// its own strict lexer, and writes keys from fixed member names, because jwx does not escape member
// names from outside (GHSA-4cf7-xm37-g63h). Package claims reads headers and claims. Of a key that
// was read, only the public key and its kid, alg and use are kept.
//
// The algorithms are those that AWS STS accepts: RS256, RS384, RS512, ES256, ES384 and ES512.
// "none", HMAC and PSS do not exist here, so they cannot be selected by mistake.
package jose
