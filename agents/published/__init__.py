"""Recipes in time: the documents of the topic `recipes`, published, listed and told apart."""
