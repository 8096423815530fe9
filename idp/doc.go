// Package idp gets OIDC ID tokens for Ona (formerly Gitpod) identities: environments, users, runners
// and service accounts.
//
// AWS, Vault and other services exchange an ID token for access. [FromEnvironment] finds a source of
// tokens in an Ona environment, and wherever an environment variable contains an API token of Ona:
//
//	src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
//	if err != nil {
//		return err // lists the sources that were checked
//	}
//	token, err := src.Token(ctx)
//	if err != nil {
//		return err
//	}
//	fmt.Println(token.Claims().Subject) // org:0191e223-…/prj:019527e4-…/env:019527e4-…
//
// A program that uses AWS passes the source to package awsfed and does not need the token itself.
//
// # Sources
//
// A [TokenSource] returns tokens of one identity for one audience. [File], [Env], [Exec] and [Static]
// read a token that another program got. [Client] requests one from the Ona API. [Chain] uses the
// first source that is configured. [Cached] keeps the token of a source and refreshes it before it
// expires. [TokenSourceFunc] makes a function a source.
//
// Sources read their file, variable or command for each call. They return [claims.ErrExpired] instead
// of an expired token. If a source fails, no other identity is used.
//
// # Services
//
// A [Transport] adds the token of a source to the requests of an [net/http.Client], for services that
// accept ID tokens:
//
//	transport, err := idp.NewTransport(src, &idp.TransportOptions{Hosts: []string{"service.example"}})
//	client := &http.Client{Transport: transport}
//
// # Secrets
//
// Only [Token.Raw] returns the text of a [Token]; printing, logging and marshaling do not show it. API
// tokens are sent only over https, to the configured host and hosts that belong to it. Errors and logs
// contain neither. In the text of the error of a source outside this package, anything that looks
// like a token is replaced; errors.Unwrap returns the unchanged error.
//
// This package does not verify signatures. To verify a token that you received, use package issuer.
//
// # Errors
//
// Sources fail with a [*SourceError], except that [Client.Source] returns the errors of
// [Client.IDToken]. The error wraps a [*RequestError] for an answer of the API, a [*NotTokenError]
// for a text that is not an ID token, an [*ExecError] for a command, or an error of package claims.
// Constructors fail with an [*OptionError]. Error texts may change in any version.
//
// # Compatibility
//
// Before version 1 anything may change, with an entry in the change log. Two things do not change:
// new sources of [FromEnvironment] come last, and the [Token.Fingerprint] of a token is the same in
// every version.
package idp
