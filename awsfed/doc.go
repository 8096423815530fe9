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
// (AssumeRoleWithWebIdentity). Credentials with the usual lifetime of an hour are refreshed about
// 15 minutes before they expire: from then on, the next call starts a refresh in the background and
// returns the old credentials. While these are valid, callers do not wait, except for up to a
// second in the last minute (or the last tenth of a short lifetime) and after a refusal of STS.
// After a service rejected the key, callers wait for the new credentials.
//
// During an outage of STS or of the identity provider, callers get the old credentials until they
// expire, and refreshes are retried with growing pauses. A refusal of STS, such as AccessDenied, is
// returned to callers although the old credentials are valid, unless [Options].KeepOnRefusal is
// set. When STS accepts the role again, callers get new credentials within seconds. An answer for
// another role, or one that cannot be used, never replaces valid credentials.
//
// Times are wall clock times, corrected by the clock of STS if it differs by more than a minute. So
// the provider works on a machine that was suspended, and on one with a wrong clock.
//
// # Several roles
//
// A [Pool] has a provider for each role, and [Pool.Config] returns a configuration with one of
// them. The same role with another session policy has its own provider. Set
// [Options].ExpectedAccount if role ARNs come from outside of the program.
//
// # Chains of roles
//
// [Options].Chain lists roles, for example in other accounts, that are assumed one after the other.
// The token is exchanged for the credentials of the first role, the parameter of [New], and each
// next role is assumed with those of the role before it (AssumeRole). Callers get the credentials
// of the last role, to which ExpectedAccount, [Provider.RoleARN] and [Status] refer. The provider
// refreshes them before the credentials of any role of the chain expire. If the refresh fails, it
// returns them until they expire themselves. If the first role cannot be refreshed, its old
// credentials are used as long as they are valid. Credentials of the first role that STS rejects
// are renewed once within a refresh. An [*AssumeRoleError] says which step failed. In a [Pool],
// chains with the same first role share the credentials of that role.
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
