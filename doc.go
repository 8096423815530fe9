// Package onafed is the front page of a library that gives programs AWS
// credentials without a static secret.
//
// Code in an Ona environment, or anywhere that can get an Ona ID token, holds a
// proof of who it is: a short JSON Web Token whose subject names an
// organization, a project and an environment. AWS STS exchanges such a token
// for credentials of a role whose trust policy lets that subject in. The
// packages here cover the whole way, and each can be used alone:
//
//   - [github.com/onafed/onafed/claims] reads and builds what a token says.
//     Standard library only.
//   - [github.com/onafed/onafed/idp] gets ID tokens: from an Ona environment, a
//     file, a variable, a command or the API.
//   - [github.com/onafed/onafed/idp/issuer] verifies tokens, and issues them.
//   - [github.com/onafed/onafed/idp/idptest] is an issuer for your tests.
//   - [github.com/onafed/onafed/awsfed] is the aws.CredentialsProvider: it
//     refreshes itself and hardly ever lets a caller wait while the old
//     credentials still work.
//   - [github.com/onafed/onafed/awsfed/trust] builds, checks and explains IAM
//     trust policies without an AWS account.
//   - [github.com/onafed/onafed/awsfed/export] hands the credentials to programs
//     that are not written in Go.
//   - [github.com/onafed/onafed/awsfed/awsfedtest] is an STS for your tests.
//
// # A program that uses AWS
//
// Take the token from where the program runs, name the role, and use the
// configuration with any client of the AWS SDK:
//
//	src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
//	if err != nil {
//		return err
//	}
//	cfg, err := awsfed.LoadConfig(ctx, "arn:aws:iam::123456789012:role/deploy", src)
//
// # A program that reads a token
//
// What a token says can be read without the network. Reading is not verifying;
// package issuer does that.
//
//	_, c, err := claims.ParseUnverified(token)
//	if err != nil {
//		return err
//	}
//	id, err := c.Identity() // of a V1, V2 or V3 token: id.Organization(), id.Project(), ...
//
// # A test without AWS
//
// An issuer and an STS in the test's own process check what AWS checks, the
// trust policy included:
//
//	iss := idptest.NewIssuer(t, nil)
//	src := iss.TokenSource(idp.AudienceAWS)
//
// # Compatibility
//
// Until v1.0.0 a minor version may change exported names; CHANGELOG says what to
// do then. Some things hold now and later: the forms of a subject that are
// accepted stay accepted, session names made by [claims.Identity.SessionName]
// keep their form because people write them into conditions, and the words of an
// error are not part of the contract while its type and fields are.
//
// [claims.Identity.SessionName]: https://pkg.go.dev/github.com/onafed/onafed/claims#Identity.SessionName
package onafed
