// Package awsfedtest is an AWS Security Token Service for tests: it takes ID tokens, checks them and the roles' trust policies as AWS
// does, and gives out credentials that only it accepts. No AWS account is involved.
//
//	iss := idptest.NewIssuer(t, nil)
//	s := awsfedtest.New(t, iss.URL, iss.Client(), "arn:aws:iam::123456789012:role/deploy")
//	p, err := awsfed.New(s, "arn:aws:iam::123456789012:role/deploy", iss.TokenSource("sts.amazonaws.com"))
//
// All of this is in memory, without a goroutine or a socket, so it works in a testing/synctest bubble, where an hour passes in no
// time. Programs that are not Go, or that bring their own AWS client, get the same STS on loopback from [Start]:
//
//	t.Setenv("AWS_ENDPOINT_URL_STS", awsfedtest.Start(t, s))
//
// # What is checked
//
// An ID token must be of a provider registered in the role's account ([Provider]; the issuer byte for byte), have iss, sub, aud, iat
// and exp with whole seconds, name a client id of the provider in azp or, without azp, in its only aud, be signed with RS256 to RS512
// or ES256 to ES512 by a key that the issuer publishes, and be at most five minutes past exp. The claims https://aws.amazon.com/roles,
// .../tags and .../source_identity have the effect they have at AWS. The role's trust policy is evaluated by package trust; an
// undetermined decision refuses. Durations, session names, session policies and the size of the session token have AWS's limits.
//
// Where AWS's pages do not say what it does, the answer is the one that keeps a test from passing by luck: several audiences without
// azp are refused. But nbf, the age of a token, and using one twice are not looked at, as far as is known just as at AWS.
// The discovery document and the keys are fetched for each call, with five seconds for each, so that a test sees at once what an
// issuer changed; how long AWS keeps them is not documented.
//
// Throttling has a cause too ([STSOptions].MaxRate); IDPRejectedClaim, RegionDisabledException and failures of AWS itself have none
// here and are had by [STS.Inject].
//
// Refusals have AWS's codes, statuses and, where they are known, texts. Like AWS's they do not tell why a trust policy refused; the
// log does: see [Call.Reason] and [Call.Decision].
//
// # What goes wrong on purpose
//
// [STS.Inject] makes calls slow, hang, break off or fail with any code, for a number of calls or until further notice;
// [STS.Outage] takes the whole service down; [STS.ExpireCredentials] ends credentials before their time.
//
// # What is not there
//
// Of the operations only AssumeRoleWithWebIdentity, AssumeRole (from the credentials of a role, so always as role chaining with its
// limit of one hour) and GetCallerIdentity, whose signature is verified. Permission policies: a session may do nothing but call these,
// and [STS.Service] lets every valid signature in.
//
// Everything is unmistakably fake: access key ids begin with ASIATESTONAFED, and a connection that does not come in on a loopback
// address is refused. Programs other than tests may use [NewSTS] for demonstrations; nothing in production code should import this
// package.
package awsfedtest
