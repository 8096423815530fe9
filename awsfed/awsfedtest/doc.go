// Package awsfedtest provides an AWS Security Token Service (STS) for tests. It checks ID tokens
// and the trust policies of roles as AWS does, and issues credentials that only it accepts. It
// needs no AWS account.
//
//	iss := idptest.NewIssuer(t, nil)
//	s := awsfedtest.New(t, iss, "arn:aws:iam::123456789012:role/deploy")
//	p, err := awsfed.New(s, "arn:aws:iam::123456789012:role/deploy", iss.TokenSource("sts.amazonaws.com"))
//
// All calls are in memory, without goroutines and connections, so they work in a testing/synctest
// bubble. For programs that are not written in Go, [Start] serves the same STS on a loopback port:
//
//	t.Setenv("AWS_ENDPOINT_URL_STS", awsfedtest.Start(t, s))
//
// [STS.Inject] makes calls slow or makes them fail, [STS.Outage] stops the whole service, and
// [STS.ExpireCredentials] ends credentials early. [STS.Calls] returns the calls, with the reasons
// that AWS does not give.
//
// # Other services
//
// [STS.Handle] adds a service. Its requests must be signed with credentials of the STS, and
// [STS.HTTPClient] and [Start] reach it as they reach the STS:
//
//	s.Handle("s3", awsfedtest.S3("my-bucket"))
//	client := s3.NewFromConfig(aws.Config{Region: "us-east-1", Credentials: p, HTTPClient: s.HTTPClient()})
//
// [S3], [SecretsManager] and [EC2] are handlers for one operation of their service.
//
// # Operations
//
// AssumeRoleWithWebIdentity, AssumeRole (only with the credentials of a role, so always role
// chaining with its limit of one hour) and GetCallerIdentity. Signatures are verified. There are no
// permission policies: a session may call these operations and the services of [STS.Handle].
//
// # Checks
//
// The issuer of an ID token must be a [Provider] in the account of the role. The token must have
// the claims iss, sub, aud, iat and exp, an audience that is a client ID of the provider (azp
// replaces aud), and a signature with RS256, RS384, RS512, ES256, ES384 or ES512 by a key that the
// issuer publishes. It is accepted until five minutes after exp. AWS is not known to check nbf, or
// the age or reuse of a token, so the STS does not check them. The claims
// https://aws.amazon.com/roles, .../tags and .../source_identity work as in AWS.
//
// The trust policy is evaluated by package trust, for AssumeRole as that of the next role in a
// chain; an undetermined decision refuses the call. Durations, session names, external IDs, tags,
// session policies and the size of the session token have AWS's limits. A session token with many
// tags or large policies is compressed, and a call whose token would be too large is refused with
// PackedPolicyTooLarge; AWS's own compression is not documented. Where AWS does not document a
// rule, the STS applies the stricter one: a token with several audiences and no azp is refused.
//
// The documents of the issuer are fetched in each call, with a time limit of five seconds, because
// AWS does not document how long it caches them.
//
// Errors have AWS's codes, statuses and, where they are known, texts. The codes IDPRejectedClaim
// and RegionDisabledException and the failures of AWS itself need a [Fault].
//
// # Not for production
//
// Access key IDs start with ASIATESTONAFED, and connections that are not on a loopback address are
// refused. Demonstrations may use [NewSTS]; production code must not import this package.
package awsfedtest
