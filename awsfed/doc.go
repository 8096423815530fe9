// Package awsfed turns OIDC ID tokens into AWS credentials that are always
// there.
//
// [New] makes a provider of the credentials of one role, to be used wherever the
// AWS SDK for Go takes one:
//
//	p, err := awsfed.New(sts.NewFromConfig(cfg), "arn:aws:iam::123456789012:role/deploy", src)
//	if err != nil {
//		return err
//	}
//	cfg.Credentials = p
//	cfg.APIOptions = append(cfg.APIOptions, p.APIOption()) // notices that a service calls them expired
//	client := s3.NewFromConfig(cfg)
//
// [LoadConfig] does all of that, with the region and endpoints of the
// environment, and [NewPool] is for programs with many roles.
//
// # Refreshing
//
// The credentials are exchanged at STS (AssumeRoleWithWebIdentity) for a token
// of an [idp.TokenSource] when they are first asked for. From then on, some time
// before they expire, 15 minutes for the usual hour, the next caller still gets
// the old ones, and new ones are fetched behind it. While the old ones are valid
// nobody waits, but for at most a second in their last minute (a tenth of a
// short life) or after a refusal. While STS or the identity provider has an
// outage, the old ones are handed out until they expire, and the refresh is
// tried again with growing pauses. What STS refuses, as AccessDenied, is raised
// to the callers within seconds, and so is its repair noticed; see
// [Options].KeepOnDenial for keeping valid credentials in that case too.
//
// Time is the wall clock's, corrected by STS's when they are more than a minute
// apart, so that credentials are also right on a machine that was suspended or
// whose clock is wrong.
//
// # Errors
//
// What keeps credentials from being there is an [*AssumeRoleError], which names
// the role, the session, STS's answer and what to check in which order. A
// provider never falls back to another identity.
//
// # Watching
//
// [Options].OnRefresh is called after each refresh, [Provider.Status] is a
// snapshot, and [Options].Logger gets a line for each. All of them have the
// access key id, the assumed role (but for the line of a failure) and the
// request id, by which CloudTrail knows the exchange, and none has a secret or a
// name of a person.
//
// # Compatibility
//
// The session names that are made by default (env-, user-, rnr-, sa- or acct-
// and the id) stand in trust policies of users and will not change. The texts of
// errors and logs may.
package awsfed
