// Package jose holds the few JOSE operations this module needs, and is the only
// importer of github.com/lestrrat-go/jwx.
//
// jwx v2 does two things here: it turns the members of a JSON Web Key into a Go
// public key and computes thumbprints (package jwk), and it verifies bytes that
// were framed by this package (package jws, the bare Verifier). A signature is
// made by the key itself. Everything else where a wrong answer lets a token in is
// done here: the compact form is split here, headers and claims are read by
// package claims, and what is published is written from fixed member names,
// because jwx does not escape member names that come from outside
// (GHSA-4cf7-xm37-g63h). A key that was read is a raw public key, its kid, alg
// and use, and nothing else.
//
// The algorithms are those that AWS STS accepts: RS256, RS384, RS512, ES256,
// ES384 and ES512. There is no "none", no HMAC and no PSS, so there is no way
// to ask for one by mistake.
package jose
