package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/claims"
)

// MigrateOptions says what [Migrate] cannot know from a policy.
type MigrateOptions struct {
	// Layout is the extra fields that the organization's V3 tokens will have,
	// in their order. The zero Layout, none, is Ona's default.
	Layout claims.Layout
}

// Migration is the way of a trust policy from V2 to V3 tokens.
//
// Ona switches an organization from one day to the next and gives out no
// tokens of both kinds, so the role has to take both for a while: set Both,
// switch the organization, and when no V2 token is left (they live for an
// hour), set After.
type Migration struct {
	// Before is the policy as it was.
	Before Policy `json:"before"`
	// Both accepts V2 tokens as Before does, and the V3 tokens of the same
	// principals.
	Both Policy `json:"both"`
	// After accepts V3 tokens only, but for what Problems says.
	After Policy `json:"after"`
	// Changes lists what became of each value for a V2 subject.
	Changes []MigratedValue `json:"changes"`
	// Problems lists the values that cannot be carried over exactly.
	Problems []MigrationProblem `json:"problems,omitempty"`
	// Notes lists what changes besides: what CloudTrail no longer shows, and
	// whom a V3 pattern also means.
	Notes []string `json:"notes,omitempty"`
	// Samples shows what each step accepts, on generated principals.
	Samples []MigrationSample `json:"samples"`
}

// Exact tells whether everything was carried over and the samples found no
// principal that the steps treat differently.
func (m Migration) Exact() bool {
	return len(m.Problems) == 0 && !slices.ContainsFunc(m.Samples, MigrationSample.Differs)
}

// MigratedValue is a value for a V2 subject and the values for V3 subjects
// that mean the same.
type MigratedValue struct {
	Statement int      `json:"statement"`
	Operator  string   `json:"operator"`
	V2        string   `json:"v2"`
	V3        []string `json:"v3"`
}

// MigrationProblem is a value for V2 subjects that has no exact counterpart.
type MigrationProblem struct {
	Statement int    `json:"statement"`
	Operator  string `json:"operator"`
	V2        string `json:"v2"`
	// Why says what V3 subjects lack.
	Why string `json:"why"`
	// Configure are the extra subject fields that would make it possible, in
	// the order in which the organization should have them.
	Configure []string `json:"configure,omitempty"`
	// Wider are the nearest values, which mean more than the V2 value.
	Wider []string `json:"wider,omitempty"`
	// Applied tells that Wider is in Both and After: only where the value
	// keeps principals out, so that nobody gets in who was kept out before.
	Applied bool `json:"applied,omitempty"`
}

// Migrate carries a policy for V2 subjects over to V3 subjects: first to a
// policy that accepts both, then to one that accepts V3 only. It changes the
// conditions on sub of Allow and of Deny statements and nothing else.
//
// A value that cannot be carried over exactly is a Problem, with what to
// configure, and never lets more in: where it lets principals in it is left out
// for V3, where it keeps them out a wider value takes its place. That is so for
// single environments of a project, which the default V3 subject does not name,
// and for runners, whose V3 subject is not documented. nil options mean the
// default layout.
func Migrate(p Policy, opts *MigrateOptions) Migration {
	if opts == nil {
		opts = &MigrateOptions{}
	}
	m := migrator{layout: opts.Layout}
	m.out.Changes, m.out.Samples = []MigratedValue{}, []MigrationSample{}
	m.out.Before, m.out.Both, m.out.After = p.Clone(), p.Clone(), p.Clone()
	for i := range p.Statements {
		m.statement(i)
	}
	m.dropEmptied()
	m.notes()
	m.out.Samples = m.samples()
	return m.out
}

// dropEmptied takes the statements out of After that lost the last value of a
// condition: they let nobody in, and IAM may refuse an empty list. A list that
// was empty before stays, because it may be that of a Deny for everybody.
func (m *migrator) dropEmptied() {
	var kept []Statement
	for i, s := range m.out.After.Statements {
		emptied := false
		for j, c := range s.Conditions {
			emptied = emptied || len(c.Values) == 0 && len(m.out.Before.Statements[i].Conditions[j].Values) > 0
		}
		if !emptied {
			kept = append(kept, s)
		}
	}
	m.out.After.Statements = kept
}

type migrator struct {
	layout claims.Layout
	out    Migration

	wholeOrganization, project bool // kinds of values that were carried over
}

// statement carries over the conditions of one statement.
func (m *migrator) statement(i int) {
	conditions := m.out.Before.Statements[i].Conditions
	for j, c := range conditions {
		op, ok := parseOperator(c.Operator)
		if !ok || !strings.HasSuffix(strings.ToLower(c.Key), ":sub") || !stringOperator(op) {
			continue
		}
		m.condition(i, j, c, op)
	}
}

func stringOperator(op operator) bool {
	return op.family == stringFamily || op.family == foldFamily || op.family == likeFamily
}

// condition carries over one condition on sub.
func (m *migrator) condition(i, j int, c Condition, op operator) {
	both, after := newValues(op), newValues(op)
	// Such a value keeps principals out instead of letting them in.
	excludes := (m.out.Before.Statements[i].Effect == Deny) != op.negated
	var changes []MigratedValue
	var problems []MigrationProblem
	for _, v := range c.Values {
		both.add(v, op)
		if !strings.HasPrefix(v, "org:") {
			after.add(v, op) // not a V2 subject: it stays
			continue
		}
		v3, problem := m.value(v, op)
		if problem != nil {
			problem.Statement, problem.Operator, problem.V2, problem.Applied = i, c.Operator, v, excludes
			problems = append(problems, *problem)
			if excludes {
				v3 = problem.Wider
			}
			if op.negated {
				// A negated list that lost its last value would hold for everybody.
				after.add(v, op)
			}
		} else {
			changes = append(changes, MigratedValue{Statement: i, Operator: c.Operator, V2: v, V3: v3})
		}
		for _, w := range v3 {
			both.addPattern(w)
			after.addPattern(w)
		}
	}
	if len(changes)+len(problems) == 0 {
		return
	}
	m.out.Problems = append(m.out.Problems, problems...)
	if m.place(i, j, op, excludes, both, after) {
		m.out.Changes = append(m.out.Changes, changes...)
		return
	}
	m.out.Problems = append(m.out.Problems, MigrationProblem{
		Statement: i, Operator: c.Operator,
		Why: "the V3 values need " + likeName(op) + ", and the statement has such a condition on " + quoteKey(c.Key) +
			" already, which both would have to hold: make two statements of it first",
	})
}

// place puts the new values into both policies. It is false, and nothing was
// changed, if the statement has the operator that they need already.
func (m *migrator) place(i, j int, op operator, excludes bool, both, after *valueList) bool {
	conditions := m.out.Before.Statements[i].Conditions
	c := conditions[j]
	like := likeName(op)
	taken := func() bool {
		return slices.ContainsFunc(conditions, func(d Condition) bool { return d.Operator == like && strings.EqualFold(d.Key, c.Key) })
	}
	if !op.wildcards() && taken() && excludes && (op.negated || !op.ifExists) {
		// Who was kept out has to stay out. Every token has a subject, so the
		// same operator with IfExists, or without it, says the same.
		other := op
		other.ifExists = !op.ifExists
		like = likeName(other)
	}
	name := func(list *valueList) string {
		if list.patterns && !op.wildcards() {
			return like
		}
		return c.Operator
	}
	if (name(both) != c.Operator || name(after) != c.Operator) && taken() {
		return false
	}
	for _, step := range []struct {
		p    *Policy
		list *valueList
	}{{&m.out.Both, both}, {&m.out.After, after}} {
		cond := &step.p.Statements[i].Conditions[j]
		cond.Operator, cond.Values = name(step.list), step.list.values(name(step.list) != c.Operator)
	}
	return true
}

// A valueList collects the values of a condition. As long as all of them are
// exact the operator can stay StringEquals.
type valueList struct {
	list     []listedValue
	patterns bool
}

type listedValue struct {
	text  string
	exact bool // written for an operator without wildcards
}

func newValues(op operator) *valueList { return &valueList{patterns: op.wildcards()} }

// add takes over a value as it is written for op, unless it is there already:
// what a value for V2 subjects turned into may have been written beside it.
func (l *valueList) add(v string, op operator) {
	exact := !op.wildcards()
	for _, have := range l.list {
		if have.text == v && (have.exact == exact || !strings.ContainsAny(v, "*?")) {
			return
		}
	}
	l.list = append(l.list, listedValue{v, exact})
}

// addPattern adds a value for V3 subjects, which may have wildcards, unless
// one that is there covers it.
func (l *valueList) addPattern(v string) {
	p := pattern.Compile(v)
	for _, have := range l.list {
		if have.exact {
			if have.text == v {
				return
			}
			continue
		}
		if covered, _ := pattern.Compile(have.text).Covers(p); covered && !hasVariable(have.text) {
			return
		}
	}
	l.patterns = l.patterns || strings.ContainsAny(v, "*?")
	l.list = append(l.list, listedValue{v, false})
}

// values are the texts. When the operator changed to one with wildcards, the
// * and ? of exact values are escaped.
func (l *valueList) values(escape bool) []string {
	values := make([]string, 0, len(l.list))
	for _, v := range l.list {
		if escape && v.exact {
			v.text = strings.NewReplacer("*", "${*}", "?", "${?}").Replace(v.text)
		}
		values = append(values, v.text)
	}
	return values
}
