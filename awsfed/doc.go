// Package awsfed exchanges OIDC ID tokens for AWS credentials and keeps the credentials valid.
//
// [New] returns a provider for the credentials of one role. Use it wherever the AWS SDK for Go
// takes a credentials provider:
//
//	p, err := awsfed.New(sts.NewFromConfig(cfg), "arn:aws:iam::123456789012:role/deploy", src)
//	if err != nil {
//		return err
//	}
//	cfg.Credentials = p
//	cfg.APIOptions = append(cfg.APIOptions, p.APIOption()) // recovers from rejected keys
//	client := s3.NewFromConfig(cfg)
//
// [LoadConfig] does all of that, with the region and the endpoints of the environment, and
// [FromConfig] returns the provider of its configuration. [NewPool] is for programs with many roles.
//
// # Refreshing
//
// The first call gets a token from the [idp.TokenSource] and exchanges it at STS
// (AssumeRoleWithWebIdentity). Some time before the credentials expire, 15 minutes for the usual
// lifetime of an hour, the next call starts a refresh in the background and returns the old ones.
// Callers almost never wait while the old credentials are valid: up to a second in their last
// minute (a tenth of a short lifetime), after a refusal, or after a service rejected the key.
//
// During an outage of STS or of the identity provider, callers get the old credentials until they
// expire, and refreshes are retried with growing pauses. A refusal of STS, such as AccessDenied, is
// returned to callers within seconds, and so are the new credentials after its repair;
// [Options].KeepOnRefusal keeps valid credentials in that case. An answer with credentials of
// another role, or that cannot be used, never replaces good credentials.
//
// Times are wall clock times, corrected by the clock of STS if it differs by more than a minute. So
// the provider works on a machine that was suspended, and on one with a wrong clock.
//
// # Several roles
//
// A [Pool] has a provider for each role, and [Pool.Config] returns a configuration with one of them.
// The same role with another session policy is another provider. Set [Options].ExpectedAccount if
// role ARNs come from outside of the program. To assume a role that trusts the first one, give a
// client with the configuration to stscreds.NewAssumeRoleProvider of the SDK.
//
// # Errors
//
// If there are no credentials, the error is an [*AssumeRoleError]. It has the role, the session and
// the answer of STS, and [AssumeRoleError.NextStep] says what to check. A provider never falls back
// to another identity.
//
// # Monitoring
//
// [Options].OnRefresh is called after each refresh, [Provider.Status] returns a snapshot, and
// [Options].Logger gets lines about refreshes. They contain the access key ID, the assumed role and
// the request ID, which CloudTrail records, and no secrets. Personal data is redacted.
//
// # Compatibility
//
// The default session names (env-, user-, rnr-, sa- or acct- and the ID) are used in trust policies
// and will not change. The texts of errors and logs may change.
package awsfed
