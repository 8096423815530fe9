package awsfedtest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
)

// A chainRequest is what an AssumeRole call asks for.
type chainRequest struct {
	caller session
	sessionRequest
	externalID, sourceIdentity string
	tags                       map[string]string
	transitive                 []string // keys of tags
}

// assumeRole carries out AssumeRole. Only roles can call it, because all credentials of this STS
// belong to roles, so each call is role chaining. AWS requires a permission policy of the caller for
// sts:AssumeRole across accounts. Roles have no permission policies here, so it is not checked.
func (s *STS) assumeRole(op *operation) (document, *apiError) {
	want, refused := s.chainRequest(op)
	if refused != nil {
		return nil, refused
	}
	denied := refuse("AccessDenied", "User: "+want.caller.arn()+" is not authorized to perform: sts:AssumeRole on resource: "+want.roleARN)
	role, ok := s.role(want.roleARN)
	if !ok {
		return nil, denied.because("there is no role %s", want.roleARN)
	}
	// The source identity does not change in a chain of roles.
	if inherited := want.caller.SourceIdentity; inherited != "" {
		if want.sourceIdentity != "" && want.sourceIdentity != inherited {
			return nil, denied.because("the source identity of a session cannot be changed")
		}
		want.sourceIdentity = inherited
	}
	r := want.trustRequest(op.now)
	maps.Copy(r.Context, s.context)
	if decision := forPrincipal(role.TrustPolicy, want.caller).Evaluate(r); !decision.Allowed() {
		op.call.Decision = &decision
		return nil, denied.because("%s", decision.Explain().Reason)
	}
	x := session{SourceIdentity: want.sourceIdentity, Tags: want.tags, Transitive: want.transitive}
	x, creds, refused := s.begin(op, role, want.sessionRequest, x)
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

// chainRequest reads and checks the parameters of an AssumeRole call.
func (s *STS) chainRequest(op *operation) (want chainRequest, refused *apiError) {
	if want.caller, refused = s.authenticate(op.request, "sts", op.now); refused != nil {
		return chainRequest{}, refused
	}
	p := &params{form: op.form}
	want.sessionRequest = p.session(s.minimum)
	want.externalID = p.text("ExternalId", false, 2, 1224)
	want.sourceIdentity = p.name("SourceIdentity", false)
	if refused := p.err(); refused != nil {
		return chainRequest{}, refused
	}
	if refused := want.check(); refused != nil {
		return chainRequest{}, refused
	}
	if want.tags, want.transitive, refused = chainTags(want.caller, op.form); refused != nil {
		return chainRequest{}, refused
	}
	if want.duration > maxChained {
		return chainRequest{}, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	return want, nil
}

// trustRequest returns the request that the trust policy of the role decides on.
func (want chainRequest) trustRequest(now time.Time) trust.Request {
	r := trust.Request{Action: "sts:AssumeRole", RoleARN: want.roleARN, Context: map[string][]string{
		"sts:rolesessionname":  {want.name},
		"aws:securetransport":  {"true"},
		"aws:currenttime":      {now.UTC().Format(time.RFC3339)},
		"aws:principalarn":     {want.caller.RoleARN},
		"aws:principalaccount": {want.caller.role.Account},
	}}
	for key, value := range want.caller.Tags {
		r.Context["aws:principaltag/"+strings.ToLower(key)] = []string{value}
	}
	if want.externalID != "" {
		r.Context["sts:externalid"] = []string{want.externalID}
	}
	if len(want.tags) > 0 {
		r.AlsoNeeded = append(r.AlsoNeeded, "sts:TagSession")
		r.Context["aws:tagkeys"] = slices.Sorted(maps.Keys(want.tags))
		for key, value := range want.tags {
			r.Context["aws:requesttag/"+strings.ToLower(key)] = []string{value}
		}
	}
	if len(want.transitive) > 0 {
		r.Context["sts:transitivetagkeys"] = want.transitive
	}
	if want.sourceIdentity != "" {
		r.AlsoNeeded = append(r.AlsoNeeded, "sts:SetSourceIdentity")
		r.Context["sts:sourceidentity"] = []string{want.sourceIdentity}
	}
	return r
}

// chainTags returns the tags of the new session: those of the request and the transitive ones of
// the caller, which the request cannot replace.
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
		for inherited, value := range caller.Tags {
			if strings.EqualFold(inherited, key) {
				tags[inherited] = value
				transitive = append(transitive, inherited)
			}
		}
	}
	return tags, transitive, nil
}

// forPrincipal returns the statements of a policy that match the caller. Package trust evaluates
// only the principals of web identities, so those of roles are compared here.
func forPrincipal(policy trust.Policy, caller session) trust.Policy {
	account := caller.role.Account
	names := []string{"*", account, "arn:" + caller.role.Partition + ":iam::" + account + ":root", caller.RoleARN, caller.arn()}
	var statements []trust.Statement
	for _, statement := range policy.Statements {
		if statement.Principal.Any || slices.ContainsFunc(statement.Principal.AWS, func(n string) bool { return slices.Contains(names, n) }) {
			statement.Principal = trust.Principal{Any: true}
			statements = append(statements, statement)
		}
	}
	return trust.Policy{Version: policy.Version, Statements: statements}
}
