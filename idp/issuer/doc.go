// Package issuer checks ID tokens, and issues them.
//
// To check the tokens of Ona for a service of yours:
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
// A [Verifier] cannot be made too open by leaving something out: without an audience, and for the issuer that all customers of
// Ona share without an organization, NewVerifier returns an error. [RemoteKeySet] fetches the keys when they are needed, notices a
// rotation at once, is not impressed by a flood of invented key ids, and survives an outage of the issuer of up to a day.
//
// To issue tokens, for which AWS or anybody else gives credentials, put a key into a [KeyRing] and serve it:
//
//	ring, err := issuer.NewKeyRing(nil)
//	signer, err := issuer.NewSigner(key, nil) // any crypto.Signer: a key management service will do
//	err = ring.Publish(signer)
//	handler, err := issuer.NewHandler("https://issuer.example", ring, nil)
//	token, err := ring.Sign(ctx, map[string]any{"iss": "https://issuer.example", ...})
//
// A rotation is a second Publish: the ring waits with the new key until every cache has it, and keeps the old one until its last
// token has expired. [Handler.Documents] returns the same documents for an object store or a CDN, so that an issuer can outgrow one
// machine.
//
// Algorithms are those that AWS STS accepts: RS256, RS384, RS512, ES256, ES384 and ES512. Until version 1 names may change; the texts
// of errors are not part of the contract, the values of [Reason] are.
package issuer
