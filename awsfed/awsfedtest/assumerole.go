package awsfedtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/sessiontag"
)

// A chainRequest is what an AssumeRole call asks for.
type chainRequest struct {
	caller session
	sessionRequest
	externalID, sourceIdentity string
	tags                       map[string]string
	transitive                 []string // keys of tags
}

// AssumeRole makes an STS the client that stscreds accepts, and that awsfed.New needs for a chain of
// roles. The credentials of the call are those in its options, as awsfed.New sets them.
func (s *STS) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return s.client.AssumeRole(ctx, in, optFns...)
}

// assumeRole carries out AssumeRole. Only roles can call it, because all credentials of this STS
// belong to roles, so each call is role chaining. AWS requires a permission policy of the caller for
// sts:AssumeRole across accounts. Roles have no permission policies here, so it is not checked.
func (s *STS) assumeRole(op *operation) (any, *apiError) {
	want, refused := s.chainRequest(op)
	if refused != nil {
		return nil, refused
	}
	role, ok := s.role(want.roleARN)
	if !ok {
		return nil, want.denied("sts:AssumeRole").because("there is no role %s", want.roleARN)
	}
	sig, _ := readSignature(op.request)
	decision := role.TrustPolicy.Evaluate(trust.NewAssumeRoleRequest(want.caller.asCaller(), trust.AssumeRoleParams{
		RoleARN: want.roleARN, SessionName: want.name, ExternalID: want.externalID, SourceIdentity: want.sourceIdentity,
		Tags: want.tags, TransitiveTagKeys: want.transitive, Time: op.now, Region: sig.region, Context: s.context,
	}))
	if !decision.Allowed() {
		op.call.Decision = &decision
		x := decision.Explain()
		action := "sts:AssumeRole"
		if i := slices.IndexFunc(x.Actions, func(a trust.ActionResult) bool { return a.Outcome != trust.Allowed }); i >= 0 {
			action = x.Actions[i].Action
		}
		return nil, want.denied(action).because("%s", x.Reason)
	}
	x, creds, refused := s.begin(op, role, want.sessionRequest, want.session())
	if refused != nil {
		return nil, refused
	}
	return assumeRoleResult{
		AssumedRoleUser: assumedRoleUser{Arn: x.arn(), AssumedRoleID: x.userID()},
		Credentials:     creds,
		SourceIdentity:  x.SourceIdentity,
		sessionSizes:    x.sizes(creds),
	}, nil
}

// denied returns the error for an action that the caller may not do.
func (want chainRequest) denied(action string) *apiError {
	return refuse("AccessDenied", "User: "+want.caller.arn()+" is not authorized to perform: "+action+" on resource: "+want.roleARN)
}

// asCaller returns the session in the form that package trust evaluates.
func (x session) asCaller() trust.RoleSession {
	return trust.RoleSession{RoleARN: x.RoleARN, Name: x.Name, Tags: x.Tags, TransitiveTagKeys: x.Transitive, SourceIdentity: x.SourceIdentity}
}

// session returns the new session with the attributes of the request and those that it inherits.
func (want chainRequest) session() session {
	x := session{
		SourceIdentity: cmp.Or(want.sourceIdentity, want.caller.SourceIdentity),
		Tags:           maps.Clone(want.tags), Transitive: slices.Clone(want.transitive),
	}
	for key, value := range want.caller.Tags {
		if slices.ContainsFunc(want.caller.Transitive, func(t string) bool { return strings.EqualFold(t, key) }) {
			x.Tags[key] = value
			x.Transitive = append(x.Transitive, key)
		}
	}
	return x
}

// chainRequest reads and checks the parameters of an AssumeRole call.
func (s *STS) chainRequest(op *operation) (want chainRequest, refused *apiError) {
	if want.caller, refused = s.authenticate(op.request, stsName, op.now); refused != nil {
		return chainRequest{}, refused
	}
	p := &params{form: op.form}
	want.sessionRequest = p.session(s.minimum)
	want.externalID = p.pattern("ExternalId", 2, 1224, `[\w+=,.@:\/-]*`)
	want.sourceIdentity = p.name("SourceIdentity", false)
	serial := p.pattern("SerialNumber", 9, 256, `[\w+=/:,.@-]*`)
	code := p.pattern("TokenCode", 6, 6, `[\d]*`)
	want.tags, want.transitive = p.tags()
	if refused := p.err(); refused != nil {
		return chainRequest{}, refused
	}
	if refused := want.check(); refused != nil {
		return chainRequest{}, refused
	}
	if refused := want.checkTags(); refused != nil {
		return chainRequest{}, refused
	}
	switch {
	case want.duration > maxChained:
		return chainRequest{}, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case serial != "" || code != "":
		return chainRequest{}, want.denied("sts:AssumeRole").because("the call has an MFA code, and roles have no MFA device")
	case len(op.form.list("ProvidedContexts")) > 0:
		return chainRequest{}, invalid("ProvidedContexts are not valid").because("this STS has no context providers")
	}
	return want, nil
}

// checkTags checks the session tags of the request. It cannot replace the transitive tags of the
// caller.
func (want chainRequest) checkTags() *apiError {
	if why := sessiontag.Check(want.tags, want.transitive); why != "" {
		return invalid("The session tags are not valid: %s", why)
	}
	for given := range want.tags {
		if slices.ContainsFunc(want.caller.Transitive, func(key string) bool { return strings.EqualFold(given, key) }) {
			return invalid("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
	}
	return nil
}
