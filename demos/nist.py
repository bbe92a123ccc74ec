# %% [markdown]
"""
# Nist

Text.
"""

# %%
print("nist")
