package awsfedtest

import (
	"context"

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
	want := p.session(s.minimum)
	token := p.text("WebIdentityToken", true, 4, 20000)
	p.text("ProviderId", false, 4, 2048)
	if refused := p.err(); refused != nil {
		return nil, refused
	}
	if refused := want.check(); refused != nil {
		return nil, refused
	}
	if op.form["ProviderId"] != "" {
		return nil, invalid("ProviderId is for OAuth 2.0 access tokens, not for OpenID Connect")
	}

	c, refused := s.checkToken(ctx, token, want.role.account, op.now)
	if refused != nil {
		return nil, refused
	}
	about, refused := readSessionClaims(c, want.roleARN)
	if refused != nil {
		return nil, refused
	}
	role, ok := s.role(want.roleARN)
	if !ok {
		return nil, refuse("AccessDenied", "").because("there is no role %s", want.roleARN)
	}
	request := trust.NewRequest(c, trust.Params{
		RoleARN: want.roleARN, SessionName: want.name, Time: op.now, Context: s.context,
	})
	decision := role.TrustPolicy.Evaluate(request)
	if !decision.Allowed() {
		op.call.Decision = &decision
		return nil, refuse("AccessDenied", "").because("%s", decision.Explain().Reason)
	}
	x, creds, refused := s.begin(op, role, want, session{SourceIdentity: about.sourceIdentity, Tags: about.tags, Transitive: about.transitive})
	if refused != nil {
		return nil, refused
	}
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
		Provider:                    request.ProviderARN,
		sessionSizes:                x.sizes(creds),
	}}, nil
}
