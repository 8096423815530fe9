package policyfile

import (
	"fmt"
	"strings"
)

// Terraform returns HCL with a resource aws_iam_role for each role, in the layout of "terraform
// fmt". Its policy is a call of jsonencode, whose strings are quoted so that no character in them
// can end them. With a provider, there is also a resource or a data source for it, and an output
// with the ARN of each role.
func Terraform(p *Provider, roles []Role) (string, error) {
	var blocks []string
	if p != nil {
		blocks = append(blocks, p.terraform())
	}
	taken := make(map[string]bool)
	for _, r := range roles {
		id := resourceName("role", r.Name)
		if taken[id] {
			return "", fmt.Errorf("two roles have the Terraform name %s: rename %+q", id, r.Name)
		}
		taken[id] = true
		more, err := r.terraform(id, p)
		if err != nil {
			return "", err
		}
		blocks = append(blocks, more...)
		if p != nil {
			blocks = append(blocks, fmt.Sprintf("output %s {\n  value = aws_iam_role.%s.arn\n}\n", hclString(id+"_role_arn"), id))
		}
	}
	return strings.Join(blocks, "\n"), nil
}

// terraform returns the blocks of a role and of its permissions. If p is created here, the role
// waits for it and requires it to be in the account that the policy names.
func (r Role) terraform(id string, p *Provider) ([]string, error) {
	text, err := r.Policy.MarshalJSON()
	if err != nil {
		return nil, err
	}
	policy, err := hclExpression(text, "  ")
	if err != nil {
		return nil, err
	}
	head := []hclMember{{"name", hclString(r.Name)}}
	if r.Path != "" {
		head = append(head, hclMember{"path", hclString(r.Path)})
	}
	if r.MaxSession != 0 {
		head = append(head, hclMember{"max_session_duration", fmt.Sprint(r.MaxSession)})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "resource \"aws_iam_role\" %s {\n%s\n  assume_role_policy = jsonencode(%s)\n",
		hclString(id), hclAttributes(head, "  "), policy)
	b.WriteString(hclTags(r.Tags))
	if p != nil && !p.Exists {
		b.WriteString("\n  lifecycle {\n" + p.inAccount() + "  }\n")
	}
	b.WriteString("}\n")
	blocks := []string{b.String()}
	if len(r.ManagedPolicies) > 0 {
		blocks = append(blocks, fmt.Sprintf("resource \"aws_iam_role_policy_attachment\" %s {\n  for_each = toset(%s)\n\n%s}\n",
			hclString(id), hclList(r.ManagedPolicies, "  "),
			hclAttributes([]hclMember{{"role", "aws_iam_role." + id + ".name"}, {"policy_arn", "each.value"}}, "  ")))
	}
	if r.InlinePolicy != "" {
		inline, err := hclExpression([]byte(r.InlinePolicy), "  ")
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, fmt.Sprintf("resource \"aws_iam_role_policy\" %s {\n%s\n  policy = jsonencode(%s)\n}\n", hclString(id),
			hclAttributes([]hclMember{{"name", hclString(inlinePolicyName)}, {"role", "aws_iam_role." + id + ".name"}}, "  "), inline))
	}
	return blocks, nil
}

// terraform returns the resource of a provider or, if it exists, a data source that requires it to
// have the audiences.
func (p *Provider) terraform() string {
	var b strings.Builder
	if p.Exists {
		fmt.Fprintf(&b, "data \"aws_iam_openid_connect_provider\" %s {\n  arn = %s\n\n  lifecycle {\n", hclString(p.resourceName()), hclString(p.ARN))
		for _, audience := range p.Audiences {
			b.WriteString(hclCheck("postcondition", "contains(self.client_id_list, "+hclString(audience)+")",
				"The identity provider does not have this audience: add it to the provider's client IDs."))
		}
		b.WriteString("  }\n}\n")
		return b.String()
	}
	members := []hclMember{{"url", hclString(p.URL)}, {"client_id_list", hclList(p.Audiences, "  ")}}
	if len(p.Thumbprints) > 0 {
		members = append(members, hclMember{"thumbprint_list", hclList(p.Thumbprints, "  ")})
	}
	fmt.Fprintf(&b, "resource \"aws_iam_openid_connect_provider\" %s {\n%s%s}\n",
		hclString(p.resourceName()), hclAttributes(members, "  "), hclTags(p.Tags))
	return b.String()
}

// inAccount returns the check that the provider's resource has the ARN that the policies name.
func (p *Provider) inAccount() string {
	return hclCheck("precondition", "aws_iam_openid_connect_provider."+p.resourceName()+".arn == "+hclString(p.ARN),
		"The credentials belong to another account or partition than the one in the trust policy.")
}

func (p *Provider) resourceName() string {
	return resourceName("provider", strings.TrimPrefix(p.URL, "https://"))
}

// hclCheck returns a condition block of lifecycle.
func hclCheck(kind, condition, message string) string {
	return "    " + kind + " {\n" +
		hclAttributes([]hclMember{{"condition", condition}, {"error_message", hclString(message)}}, "      ") +
		"    }\n"
}

// hclTags returns the attribute tags after an empty line, or nothing without tags.
func hclTags(tags []Tag) string {
	if len(tags) == 0 {
		return ""
	}
	members := make([]hclMember, len(tags))
	for i, t := range tags {
		members[i] = hclMember{hclString(t.Key), hclString(t.Value)}
	}
	return "\n  tags = {\n" + hclAttributes(members, "    ") + "  }\n"
}

// resourceName returns the name of a role or provider as the name of a Terraform resource: letters,
// digits, "_" and "-", beginning with a letter or "_".
func resourceName(kind, name string) string {
	id := strings.Map(func(r rune) rune {
		if isLetterOrDigit(r) || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name)
	if id == "" || id[0] >= '0' && id[0] <= '9' || id[0] == '-' {
		id = kind + "_" + id
	}
	return id
}
