package awsfedtest

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed/trust"
)

// AssumeRoleWithWebIdentity makes an STS the client that stscreds and awsfed.New take. The call goes through the SDK's own client
// (options, retries, errors and metadata are the real ones) and is answered in memory. It returns when ctx ends, also if the STS hangs.
func (s *STS) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	return s.client.AssumeRoleWithWebIdentity(ctx, in, optFns...)
}

// assumeRoleWithWebIdentity carries out the call. The checks come in this order: parameters, token, trust policy, role maximum; so
// only those whom the role trusts learn how long its sessions may be.
func (s *STS) assumeRoleWithWebIdentity(ctx context.Context, op *operation) (document, *apiError) {
	p := &params{form: op.form}
	arn := p.text("RoleArn", true, 20, 2048)
	name := p.name("RoleSessionName", true)
	token := p.text("WebIdentityToken", true, 4, 20000)
	p.text("ProviderId", false, 4, 2048)
	duration := p.duration(s.minimum)
	minToken := p.number("MinimumSessionTokenSize", 0, maxToken)
	policy, policyARNs := p.sessionPolicies()
	if refused := p.err(); refused != nil {
		return nil, refused
	}
	target, err := parseRoleARN(arn)
	if err != nil {
		return nil, invalid("Request ARN is invalid").because("%v", err)
	}
	if op.form["ProviderId"] != "" {
		return nil, invalid("ProviderId is for OAuth 2.0 access tokens, not for OpenID Connect").because("ProviderId is set")
	}
	if refused := checkSessionPolicies(policy, policyARNs); refused != nil {
		return nil, refused
	}

	c, refused := s.checkToken(ctx, token, target.account, op.now)
	if refused != nil {
		return nil, refused
	}
	about, refused := readSessionClaims(c, arn)
	if refused != nil {
		return nil, refused
	}
	role, ok := s.role(arn)
	if !ok {
		return nil, refuse("AccessDenied", "").because("there is no role %s", arn)
	}
	decision := role.TrustPolicy.Evaluate(trust.NewRequest(c, trust.Params{RoleARN: arn, SessionName: name, Time: op.now}))
	if !decision.Allowed() {
		op.call.Decision = &decision
		return nil, refuse("AccessDenied", "").because("%s", decision.Reason)
	}
	duration, refused = role.length(duration)
	if refused != nil {
		return nil, refused
	}

	x := session{
		RoleARN: arn, Name: name, Expires: end(op.now, duration), SourceIdentity: about.sourceIdentity,
		Tags: about.tags, Transitive: about.transitive, Policy: policy, PolicyARNs: policyARNs,
	}
	creds, refused := s.issue(x, minToken)
	if refused != nil {
		return nil, refused
	}
	op.call.AccessKeyID = creds.AccessKeyID
	audience := c.AuthorizedParty
	if audience == "" {
		audience = c.Audience[0]
	}
	return &webIdentityResponse{Result: webIdentityResult{
		SubjectFromWebIdentityToken: c.Subject,
		Audience:                    audience,
		AssumedRoleUser:             assumedRoleUser{Arn: x.arn(), AssumedRoleID: x.userID()},
		Credentials:                 &creds,
		SourceIdentity:              x.SourceIdentity,
		Provider:                    decision.ProviderARN,
		sessionSizes:                x.sizes(creds),
	}}, nil
}

// length is how long a session is for which asked was asked, 0 for nothing.
func (r Role) length(asked time.Duration) (time.Duration, *apiError) {
	switch {
	case asked == 0:
		return min(defaultSession, r.MaxSessionDuration), nil
	case asked > r.MaxSessionDuration:
		return 0, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	default:
		return asked, nil
	}
}

// end is when a session of this length that begins now is over: a whole second, and never early, which matters to sessions of seconds.
func end(now time.Time, length time.Duration) int64 {
	t := now.Add(length)
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// sizes are the members of an answer about the length of the session token.
func (x session) sizes(creds credentials) sessionSizes {
	n := len(creds.SessionToken)
	z := sessionSizes{SessionTokenSize: n, SessionTokenUtilization: n * 100 / maxToken}
	if len(x.Tags) > 0 || x.Policy != "" || len(x.PolicyARNs) > 0 {
		z.PackedPolicySize = max(1, z.SessionTokenUtilization)
	}
	return z
}
