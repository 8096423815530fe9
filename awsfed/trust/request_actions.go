package trust

import "slices"

// actions are the actions that the request needs, the call itself first.
func (r Request) actions() []string {
	list := []string{actionAssume}
	if r.Action != "" {
		list[0] = r.Action
	}
	for _, a := range r.AlsoNeeded {
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}
