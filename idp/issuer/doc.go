// Package issuer verifies ID tokens and issues them.
//
// To accept the tokens of one Ona organization in an HTTP service:
//
//	keys, err := issuer.NewIssuerKeySet(idp.Issuer, nil)
//	if err != nil {
//		return err
//	}
//	verifier, err := issuer.NewVerifier(idp.Issuer, keys, &issuer.VerifierOptions{
//		Audiences:     []string{"https://service.example"},
//		Organizations: []string{"0191e223-1c3c-7607-badf-303c98b52d2f"},
//	})
//	if err != nil {
//		return err
//	}
//	http.Handle("/", verifier.Middleware(next)) // or verifier.Verify(ctx, token)
//
// NewVerifier fails without an audience. For Ona's issuer, which all customers share, it also fails
// without an organization. A [RemoteKeySet] fetches the keys on demand and caches them. It finds a
// new key with its first token, and works for up to a day while the issuer is down. It fetches the
// keys for unknown kids at most three times in 30 seconds. If that limit or an outage prevents a
// fetch, the token may be good: Verify then fails with a temporary error, and the middleware
// answers 503 with Retry-After instead of 401.
//
// To issue tokens, add a key to a [KeyRing] and serve the ring:
//
//	ring, err := issuer.NewKeyRing(nil)
//	signer, err := issuer.NewSigner(key, nil) // any crypto.Signer, such as a key of a KMS
//	err = ring.Publish(signer)
//	handler, err := issuer.NewHandler("https://issuer.example", ring, nil)
//	token, err := ring.Sign(ctx, map[string]any{"iss": "https://issuer.example", ...})
//
// To rotate the key, publish another one. The ring signs with it as soon as all caches have it, and
// removes the old key when its last token has expired. [Handler.Documents] returns the documents
// for an object store or a CDN.
//
// The algorithms are those that AWS STS accepts: RS256, RS384, RS512, ES256, ES384 and ES512.
//
// Until version 1, names may change. The text of an error may change at any time; the values of
// [Reason] do not.
package issuer
