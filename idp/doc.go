// Package idp gets OIDC ID tokens of Ona (formerly Gitpod) identities: of an environment, a user, a runner, a service account.
//
// An ID token says who a program is, and AWS, Vault and other services exchange it for access. Where the token comes from differs from
// place to place, so it is a [TokenSource]. In an Ona environment, and wherever an API token of Ona is in an environment variable,
// this finds it:
//
//	src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
//	if err != nil {
//		return err // says where it looked
//	}
//	token, err := src.Token(ctx)
//	if err != nil {
//		return err
//	}
//	fmt.Println(token.Claims().Subject) // org:0191e223-…/prj:019527e4-…/env:019527e4-…
//
// A program that uses AWS does not need the token itself: it hands the source to package awsfed.
//
// # Sources
//
// A source yields tokens of one identity for one audience. [File], [Env], [Exec] and [Static] read a token that somebody else got;
// [Client] asks the Ona API for one; [Chain] is the first of several that is configured; [Cached] keeps the token of another
// source and renews it before it ends. A function is a source by [TokenSourceFunc].
//
// Every source reads anew each time, since environments are resumed and files are replaced, and none hands out an expired token: that
// error is [claims.ErrExpired]. No source goes on to another identity when it fails.
//
// # Secrets
//
// A [Token] shows its text by [Token.Raw] and in no other way, however it is printed, logged or marshalled. The API token is sent over
// https, to the host that was named and hosts known to belong to it. Errors and logs have neither.
//
// Nothing here checks a signature. The one who is handed a token by a stranger uses package idp/issuer.
//
// # Errors
//
// Failures of a source are [*SourceError], and inside them [*RequestError] for a refusal by the API, [*NotTokenError] for a text that is
// no ID token, [*ExecError] for a command, and the errors of package claims. [*EnvironmentError] lists what [FromEnvironment] looked
// at. The text of errors may change in any version.
//
// # Compatibility
//
// Before version 1 anything may change, with a line in the change log. What stays: the order of places in [FromEnvironment] only grows
// at its end, and a [Token.Fingerprint] is the same in every version.
package idp
