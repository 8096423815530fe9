package trust

import (
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// These names serve lint and migrate until they are packages of their own.
type keyState = condition.KeyState

const (
	keyMissing   = condition.KeyMissing
	keyPresent   = condition.KeyPresent
	keyUnknown   = condition.KeyUnknown
	actionAssume = condition.AssumeRoleWithWebIdentity

	actionTagSession        = condition.TagSession
	actionSetSourceIdentity = condition.SetSourceIdentity
)

func coversAction(s Statement, action string) bool { return s.CoversAction(action) }

func quoteKey(s string) string                        { return quote.Word(s) }
func quoteValue(s string) string                      { return quote.Value(s) }
func quoteList(s []string) string                     { return quote.Values(s) }
func sameHost(a, b string) bool                       { return provider.SimilarHosts(a, b) }
func providerHost(s string) (string, bool)            { return provider.Host(s) }
func sharedIssuer(host string) (shared, guarded bool) { return provider.Shared(host) }
func bindsCustomer(host, name string) bool            { return provider.NamesTenant(host, name) }

func isID(s string) bool { return subject.IsUUID(s) }

func quoteName(s string) string { return quote.Name(s) }
