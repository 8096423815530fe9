// Package onafed is the overview of a library that gives programs AWS credentials without a static
// secret.
//
// Code in an Ona environment, or anywhere that can get an Ona ID token, has a short-lived proof of
// its identity: a JSON Web Token whose subject names an organization, a project and an environment.
// AWS STS exchanges the token for credentials of a role whose trust policy allows that subject.
//
// # Get credentials
//
// Choose a token source, name the role, and use the configuration with any client of the AWS SDK:
//
//	src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
//	if err != nil {
//		return err
//	}
//	cfg, err := awsfed.LoadConfig(ctx, "arn:aws:iam::123456789012:role/deploy", src)
//
// # Read a token
//
// Reading needs no network. It does not verify the token; package issuer verifies.
//
//	_, c, err := claims.ParseUnverified(token)
//	if err != nil {
//		return err
//	}
//	id, err := c.Identity() // then id.Organization(), id.Project(), ...
//
// # Test without AWS
//
// An issuer and an STS in the test's process check what AWS checks, including the trust policy:
//
//	iss := idptest.NewIssuer(t, nil)
//	fake := awsfedtest.New(t, iss, role)
//	p, err := awsfed.New(fake, role, iss.TokenSource(idp.AudienceAWS))
//
// # Packages
//
// Each package can be used alone.
//
//   - [github.com/onafed/onafed/claims] reads and builds the content of a token. It needs only the
//     standard library.
//   - [github.com/onafed/onafed/idp] gets ID tokens from an Ona environment, a file, a variable, a
//     command or the API.
//   - [github.com/onafed/onafed/idp/issuer] verifies tokens and issues them.
//   - [github.com/onafed/onafed/idp/idptest] is an issuer for tests.
//   - [github.com/onafed/onafed/awsfed] is the aws.CredentialsProvider. It refreshes credentials in
//     the background; callers almost never wait while the old credentials are valid.
//   - [github.com/onafed/onafed/awsfed/trust] parses, builds, evaluates and explains IAM trust
//     policies without an AWS account. Its packages lint, migrate and pattern find mistakes in
//     policies, convert them from V2 to V3 subjects, and compare StringLike patterns.
//   - [github.com/onafed/onafed/awsfed/oidccheck] finds the reasons why AWS would refuse an issuer
//     or its tokens.
//   - [github.com/onafed/onafed/awsfed/export] gives the credentials to programs that are not
//     written in Go.
//   - [github.com/onafed/onafed/awsfed/authtoken] makes the tokens of services that authenticate
//     with signed requests: EKS, RDS, Aurora DSQL, ElastiCache and MemoryDB, and in its package ecr
//     the passwords of ECR.
//   - [github.com/onafed/onafed/awsfed/awsfedtest] is an STS for tests.
//
// # Compatibility
//
// Until v1.0.0 a minor version may change exported names; CHANGELOG says what callers do then. The
// following holds now and later: accepted forms of a subject stay accepted, session names made by
// [claims.Identity.SessionName] keep their form because people write them into conditions, and the
// text of an error is not part of the contract, while its type and fields are.
//
// [claims.Identity.SessionName]: https://pkg.go.dev/github.com/onafed/onafed/claims#Identity.SessionName
package onafed
