"""Hooks for the frameworks that engines are built with."""
