package awsfedtest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
)

// assumeRole carries out AssumeRole, which only roles can call here: every caller of an STS that knows web identities alone has
// the credentials of a role. That makes each call role chaining.
//
// The caller's own permission to call sts:AssumeRole is taken as given, because roles have no permission policies here; AWS asks for
// it, across accounts always.
func (s *STS) assumeRole(op *operation) (document, *apiError) {
	caller, refused := s.authenticate(op.request, "sts", op.now)
	if refused != nil {
		return nil, refused
	}
	p := &params{form: op.form}
	want := p.session(s.minimum)
	externalID := p.text("ExternalId", false, 2, 1224)
	sourceIdentity := p.name("SourceIdentity", false)
	if refused := p.err(); refused != nil {
		return nil, refused
	}
	if refused := want.check(); refused != nil {
		return nil, refused
	}
	tags, transitive, refused := chainTags(caller, op.form)
	if refused != nil {
		return nil, refused
	}
	if want.duration > maxChained {
		return nil, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}

	denied := refuse("AccessDenied", "User: "+caller.arn()+" is not authorized to perform: sts:AssumeRole on resource: "+want.roleARN)
	role, ok := s.role(want.roleARN)
	if !ok {
		return nil, denied.because("there is no role %s", want.roleARN)
	}
	r := trust.Request{Action: "sts:AssumeRole", RoleARN: want.roleARN, Context: map[string][]string{
		"sts:rolesessionname":  {want.name},
		"aws:securetransport":  {"true"},
		"aws:currenttime":      {op.now.UTC().Format(time.RFC3339)},
		"aws:principalarn":     {caller.RoleARN},
		"aws:principalaccount": {caller.role.account},
	}}
	for key, value := range caller.Tags {
		r.Context["aws:principaltag/"+strings.ToLower(key)] = []string{value}
	}
	if externalID != "" {
		r.Context["sts:externalid"] = []string{externalID}
	}
	if len(tags) > 0 {
		r.AlsoNeeded = append(r.AlsoNeeded, "sts:TagSession")
		r.Context["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
		for key, value := range tags {
			r.Context["aws:requesttag/"+strings.ToLower(key)] = []string{value}
		}
	}
	if len(transitive) > 0 {
		r.Context["sts:transitivetagkeys"] = transitive
	}
	// A source identity is fixed for the whole chain, and each role in it must let it be set.
	if caller.SourceIdentity != "" {
		if sourceIdentity != "" && sourceIdentity != caller.SourceIdentity {
			return nil, denied.because("the source identity of a session cannot be changed")
		}
		sourceIdentity = caller.SourceIdentity
	}
	if sourceIdentity != "" {
		r.AlsoNeeded = append(r.AlsoNeeded, "sts:SetSourceIdentity")
		r.Context["sts:sourceidentity"] = []string{sourceIdentity}
	}
	maps.Copy(r.Context, s.context)
	if decision := forPrincipal(role.TrustPolicy, caller).Evaluate(r); !decision.Allowed() {
		op.call.Decision = &decision
		return nil, denied.because("%s", decision.Explain().Reason)
	}
	x, creds, refused := s.begin(op, role, want, session{SourceIdentity: sourceIdentity, Tags: tags, Transitive: transitive})
	if refused != nil {
		return nil, refused
	}
	return &assumeRoleResponse{Result: assumeRoleResult{
		AssumedRoleUser: assumedRoleUser{Arn: x.arn(), AssumedRoleID: x.userID()},
		Credentials:     &creds,
		SourceIdentity:  x.SourceIdentity,
		sessionSizes:    x.sizes(creds),
	}}, nil
}

// chainTags are the tags of the new session: those of the request, and the transitive ones of the caller, which cannot be replaced.
func chainTags(caller session, f form) (tags map[string]string, transitive []string, refused *apiError) {
	tags = map[string]string{}
	for _, member := range f.list("Tags") {
		tags[member["Key"]] = member["Value"]
	}
	if len(tags) != len(f.list("Tags")) {
		return nil, nil, invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
	}
	for _, member := range f.list("TransitiveTagKeys") {
		transitive = append(transitive, member[""])
	}
	if why := checkTags(tags, transitive); why != "" {
		return nil, nil, invalid("The session tags are not valid: %s", why)
	}
	for _, key := range caller.Transitive {
		for given := range tags {
			if strings.EqualFold(given, key) {
				return nil, nil, invalid("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
			}
		}
		for old, value := range caller.Tags {
			if strings.EqualFold(old, key) {
				tags[old] = value
				transitive = append(transitive, old)
			}
		}
	}
	return tags, transitive, nil
}

// forPrincipal is the policy as far as it speaks of this caller. Package trust knows the principals of web identities; those of
// roles are compared here, and what a statement says of others is left out.
func forPrincipal(policy trust.Policy, caller session) trust.Policy {
	account := caller.role.account
	names := []string{"*", account, "arn:" + caller.role.partition + ":iam::" + account + ":root", caller.RoleARN, caller.arn()}
	var statements []trust.Statement
	for _, statement := range policy.Statements {
		if statement.Principal.Any || slices.ContainsFunc(statement.Principal.AWS, func(n string) bool { return slices.Contains(names, n) }) {
			statement.Principal = trust.Principal{Any: true}
			statements = append(statements, statement)
		}
	}
	return trust.Policy{Version: policy.Version, Statements: statements}
}

// getCallerIdentity carries out GetCallerIdentity, for which no permission is needed.
func (s *STS) getCallerIdentity(op *operation) (document, *apiError) {
	caller, refused := s.authenticate(op.request, "sts", op.now)
	if refused != nil {
		return nil, refused
	}
	op.call.AccessKeyID, op.call.RoleARN, op.call.SessionName = caller.AccessKeyID, caller.RoleARN, caller.Name
	return &callerIdentityResponse{Result: callerIdentityResult{Arn: caller.arn(), UserID: caller.userID(), Account: caller.role.account}}, nil
}
