# %% [markdown]
"""
# Lagrange

Text.
"""

# %%
print("lagrange")
