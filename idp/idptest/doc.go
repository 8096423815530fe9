// Package idptest provides an issuer and token sources for tests of programs that get, send or
// verify ID tokens.
//
// This is a complete test of such a program. It needs no network and does not wait:
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
// The issuer signs valid tokens ([Issuer.Sign]) and invalid ones ([Issuer.SignRaw]), rotates its
// keys, simulates failures ([Issuer.Inject]) and records its requests ([Issuer.Requests]).
// [Issuer.Start] serves it on a loopback port for other processes.
//
// [Always], [Fails], [Sequence] and [Blocks] are token sources with a fixed behavior.
// [TestTokenSource] checks your own token source, and [AssertNoSecret] checks that a value does not
// reveal a secret.
//
// The first RSA key of an issuer is the same in all tests, and it is public. Only tests may trust
// it.
package idptest
