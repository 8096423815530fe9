package awsfedtest

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed/trust"
)

// AssumeRoleWithWebIdentity makes an STS the client that stscreds and awsfed.New accept. The call
// passes through the client of the SDK, with its options, retries and errors, and is carried out in
// memory. It returns when ctx ends.
func (s *STS) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	return s.client.AssumeRoleWithWebIdentity(ctx, in, optFns...)
}

// assumeRoleWithWebIdentity carries out the call. It checks the parameters, the token, the trust
// policy and then the duration, so that only a trusted caller learns the maximum of the role.
func (s *STS) assumeRoleWithWebIdentity(ctx context.Context, op *operation) (any, *apiError) {
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

	c, refused := s.checkToken(ctx, token, want.role.Account, op.now)
	if refused != nil {
		return nil, refused
	}
	attributes, refused := readSessionClaims(c, want.roleARN)
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
	x, creds, refused := s.begin(op, role, want, attributes)
	if refused != nil {
		return nil, refused
	}
	return webIdentityResult{
		SubjectFromWebIdentityToken: c.Subject,
		Audience:                    audienceOf(c),
		AssumedRoleUser:             assumedRoleUser{Arn: x.arn(), AssumedRoleID: x.userID()},
		Credentials:                 creds,
		SourceIdentity:              x.SourceIdentity,
		Provider:                    request.ProviderARN,
		sessionSizes:                x.sizes(creds),
	}, nil
}
