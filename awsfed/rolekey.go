package awsfed

// A roleKey identifies a provider of a pool. options is their optionsText, and first the first role
// of a chain.
type roleKey struct{ roleARN, options, first string }

// keyOf returns the key of a provider. If own is false, o are the options of the pool.
func (p *Pool) keyOf(roleARN string, o *Options, own bool) roleKey {
	key := roleKey{roleARN: roleARN, options: p.key}
	if own {
		key.options = optionsText(o)
	}
	if n := len(o.Chain); n > 0 {
		key.roleARN, key.first = o.Chain[n-1].RoleARN, roleARN
	}
	return key
}

// delete removes a provider. The caller holds mu.
func (p *Pool) delete(key roleKey) {
	delete(p.roles, key)
	if p.isSpecial(key) {
		p.special--
	}
}

// isSpecial reports whether a key is not that of a role with the options of the pool.
func (p *Pool) isSpecial(key roleKey) bool { return key.options != p.key || key.first != "" }
