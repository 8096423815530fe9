package completion

import (
	"strings"

	"github.com/alecthomas/kong"
)

// candidate is a text that can replace the word to complete.
type candidate struct{ text, help string }

// candidates returns the texts that can replace a word after others: values of the flag before it,
// flags, commands, or values of an argument.
func candidates(root *kong.Node, before []string, word string) []candidate {
	at := walk(root, before)
	if word == "=" { // bash makes a word of it
		word = ""
	}
	var all []candidate
	name, _, assigned := strings.Cut(word, "=")
	switch {
	case at.flag != nil:
		all = values(at.flag.Value, "")
	case at.arguments > 0 && runsCommand(at.node): // they belong to the command
	case at.noFlags || runsCommand(at.node) && !strings.HasPrefix(word, "-"):
		all = programs(word)
	case assigned && strings.HasPrefix(word, "--"):
		if flag := find(at.node, name); flag != nil {
			all = values(flag.Value, name+"=")
		}
	case strings.HasPrefix(word, "-"):
		all = flagsOf(at.node)
	default:
		all = commandsOf(at.node)
		for _, p := range at.node.Positional {
			all = append(all, values(p, "")...)
		}
	}
	var matching []candidate
	for _, c := range all {
		if strings.HasPrefix(c.text, word) {
			matching = append(matching, c)
		}
	}
	return matching
}

// A position is what the words of a command line mean for the next word.
type position struct {
	node      *kong.Node // the command
	flag      *kong.Flag // the next word is its value; nil for none
	arguments int        // of the command, so far
	noFlags   bool       // no flags follow
}

// walk follows the words of a command line.
func walk(root *kong.Node, words []string) position {
	at := position{node: root}
	for _, word := range words {
		switch {
		case word == "=": // between a flag and its value, in bash
		case at.flag != nil:
			at.flag = nil // word is its value
		case at.noFlags || at.arguments > 0 && runsCommand(at.node):
			at.arguments++
		case word == "--":
			at.noFlags = runsCommand(at.node)
		case strings.HasPrefix(word, "-"):
			if f := find(at.node, word); f != nil && !f.IsBool() {
				at.flag = f
			}
		case word == "help" && at.node == root:
			// A command follows, as if help were not there.
		default:
			if child := childOf(at.node, word); child != nil {
				at.node = child
			} else {
				at.arguments++
			}
		}
	}
	return at
}

func childOf(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name && !child.Hidden {
			return child
		}
	}
	return nil
}

// find returns the flag of a command, or of the commands around it, that a word names.
func find(node *kong.Node, word string) *kong.Flag {
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

func flagsOf(node *kong.Node) (all []candidate) {
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			if !f.Hidden {
				all = append(all, candidate{"--" + f.Name, f.Help})
			}
		}
	}
	return all
}

func commandsOf(node *kong.Node) (all []candidate) {
	for _, child := range node.Children {
		if !child.Hidden {
			all = append(all, candidate{child.Name, child.Help})
		}
	}
	return all
}

// values returns the values that a flag or an argument can have, if they are a fixed set.
func values(v *kong.Value, prefix string) (all []candidate) {
	for _, text := range v.EnumSlice() {
		if text != "" {
			all = append(all, candidate{text: prefix + text})
		}
	}
	return all
}
