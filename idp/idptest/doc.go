// Package idptest has an issuer and token sources for tests of programs that get, use or check ID tokens.
//
// A complete test of such a program, without a network and without a clock:
//
//	func TestDeploy(t *testing.T) {
//		iss := idptest.NewIssuer(t, nil) // https://app.gitpod.io, in memory
//		keys, err := issuer.NewIssuerKeySet(iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: iss.Client()})
//		if err != nil {
//			t.Fatal(err)
//		}
//		verifier, err := issuer.NewVerifier(iss.URL, keys, &issuer.VerifierOptions{
//			Audiences: []string{"deploy"}, Organizations: []string{idptest.OrganizationID},
//		})
//		if err != nil {
//			t.Fatal(err)
//		}
//		token, err := iss.TokenSource("deploy").Token(t.Context())
//		if err != nil {
//			t.Fatal(err)
//		}
//		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/deploy", nil)
//		r.Header.Set("Authorization", "Bearer "+token.Raw())
//		if verifier.Middleware(mypkg.Deploy()).ServeHTTP(w, r); w.Code != http.StatusOK {
//			t.Errorf("status %d, want 200", w.Code)
//		}
//	}
//
// [NewIssuer] starts nothing; [Issuer.Start] opens a loopback server for programs in other processes. The issuer signs what a test
// asks for, true ([Issuer.Sign]) or broken ([Issuer.SignRaw]), rotates its keys, fails as told ([Issuer.Inject]) and remembers
// its requests. [Always], [Fails], [Sequence] and [Blocks] are sources named by what they do.
//
// [TestTokenSource] checks a token source of your own, and [AssertNoSecret] that a value does not give a secret away.
//
// The RSA key of an issuer's first tokens is the same everywhere and public. Nothing outside a test may trust it.
package idptest
